"""Validates dev container files: strict JSON, no key twice, and the schema beside this script; and that
the schema refuses what it should.

    devcontainer.py FILE...
"""

import copy
import json
import pathlib
import sys

from jsonschema import Draft201909Validator


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


def main():
    schema = json.loads(pathlib.Path(__file__).with_name("devcontainer.schema.json").read_text())
    Draft201909Validator.check_schema(schema)
    validator = Draft201909Validator(schema)
    passed = 0
    for path in sys.argv[1:]:
        document = json.loads(pathlib.Path(path).read_text(), object_pairs_hook=once)
        problems = [f"{path}: {one.json_path}: {one.message}" for one in validator.iter_errors(document)]
        assert not problems, "\n".join(problems)
        bad = [
            change(document, ["forwardPort"], [8888]),
            change(document, ["forwardPorts"], ["8888"]),
            change(document, ["remoteUser"], "root"),
            change(document, ["mounts", 0, "readonly"], True),
            change(document, ["hostRequirements", "memory"], "8 gigabytes"),
            {name: value for name, value in document.items() if name != "build"},
        ]
        accepted = [one for one in bad if validator.is_valid(one)]
        assert not accepted, f"the schema takes {accepted}"
        passed += 1 + len(bad)
    print(f"{passed} checks")


if __name__ == "__main__":
    main()
