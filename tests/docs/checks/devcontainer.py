"""Validates dev container files: strict JSON, no key twice, the published schema (`vendored`, which says whose
it is), and what we ask beyond it (`devcontainer.schema.json`); and that both refuse what they should.

    devcontainer.py FILE...
"""

import copy
import hashlib
import json
import pathlib
import sys

from jsonschema.validators import validator_for

HERE = pathlib.Path(__file__).parent
PUBLISHED = HERE / "vendored/devContainer.schema.generated.json"
OWN = HERE / "devcontainer.schema.json"


def once(pairs):
    """A JSON object whose keys are all different."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a key stands twice: {names}"
    return dict(pairs)


def change(document, path, value):
    """A copy with one member changed."""
    changed = copy.deepcopy(document)
    *parents, last = path
    node = changed
    for name in parents:
        node = node[name]
    node[last] = value
    return changed


def validator(path):
    schema = json.loads(path.read_text())
    kind = validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def bad(document):
    """What nobody should take."""
    return [
        change(document, ["forwardPort"], [8888]),
        change(document, ["forwardPorts"], ["8888"]),
        change(document, ["mounts", 0, "readonly"], True),
        change(document, ["hostRequirements", "memory"], "8 gigabytes"),
        change(document, ["waitFor"], "coffee"),
    ]


def bad_here(document):
    """What the published schema takes, and a dev container of ours must not be: run by root, without a recipe."""
    without = {name: value for name, value in document.items() if name != "build"}
    return bad(document) + [change(document, ["remoteUser"], "root"), without]


def check(path, schema, wrong):
    document = json.loads(pathlib.Path(path).read_text(), object_pairs_hook=once)
    problems = [f"{path}: {one.json_path}: {one.message}" for one in schema.iter_errors(document)]
    assert not problems, "\n".join(problems)
    wrong = wrong(document)
    accepted = [one for one in wrong if schema.is_valid(one)]
    assert not accepted, f"the schema takes {accepted}"
    return 1 + len(wrong)


def main():
    digest = hashlib.sha256(PUBLISHED.read_bytes()).hexdigest()
    assert digest in (PUBLISHED.parent / "README.md").read_text(), "the published schema has been changed"
    published, own = validator(PUBLISHED), validator(OWN)
    passed = sum(check(path, published, bad) + check(path, own, bad_here) for path in sys.argv[1:])
    print(f"{passed} checks")


if __name__ == "__main__":
    main()
