"""Holds a conversation (`../conversations/README.md`) through boto3 or the AWS CLI.

    conversation.py boto3 firehose.json glue.json s3.json
    conversation.py cli firehose.json glue.json
"""

import io
import json
import os
import re
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout

from checks import Checks, short


def expand(value, lets):
    """An input with its `$` forms replaced by what they stand for."""
    if isinstance(value, list):
        return [expand(item, lets) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (form, told), = value.items()
        if form == "$repeat":
            return told[0] * told[1]
        if form == "$bytes":
            return b"a" * told
        if form == "$data":
            return told.encode()
        if form == "$times":
            return [expand(told[1], lets)] * told[0]
        if form == "$use":
            return expand(lets[told], lets)
        if form == "$with":
            return merge(expand(lets[told[0]], lets), expand(told[1], lets))
    return {name: expand(member, lets) for name, member in value.items()}


def merge(old, new):
    """`old` with the members of `new`; a member that is null goes."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    merged = {name: member for name, member in old.items() if name not in new}
    for name, member in new.items():
        if member is not None:
            merged[name] = merge(old.get(name), member)
    return merged


def differs(got, wanted, path="answer"):
    """The first place where an answer is not as wanted, or None."""
    if isinstance(wanted, dict):
        if set(wanted) == {"$any"}:
            return None if got not in (None, "", [], {}) else f"{path} is missing or empty"
        if set(wanted) == {"$like"}:
            like = isinstance(got, str) and re.search(wanted["$like"], got)
            return None if like else f"{path} is {short(got)}"
        if set(wanted) == {"$body"}:
            body = got.read().decode()
            return None if body == wanted["$body"] else f"{path} is {short(body)}"
        if not isinstance(got, dict):
            return f"{path} is {short(got)}"
        for name, member in wanted.items():
            if member == {"$absent": True}:
                if name in got:
                    return f"{path}.{name} is there: {short(got[name])}"
                continue
            why = differs(got.get(name), member, f"{path}.{name}")
            if why:
                return why
        return None
    if isinstance(wanted, list):
        if not isinstance(got, list) or len(got) != len(wanted):
            return f"{path} is {short(got)}"
        pairs = enumerate(zip(got, wanted))
        found = (differs(one, other, f"{path}[{index}]") for index, (one, other) in pairs)
        return next((why for why in found if why), None)
    return None if got == wanted else f"{path} is {short(got)}, wanted {short(wanted)}"


class Boto3:
    """Calls by boto3 that sends whatever it is given: the server has to check it."""

    name = "boto3"

    def __init__(self):
        import boto3
        from botocore.config import Config

        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self.client = lambda service: boto3.client(service, config=config)
        self.clients = {}

    def call(self, service, operation, given):
        """The answer, or None and (code, status, message)."""
        from botocore import xform_name
        from botocore.exceptions import ClientError

        if service not in self.clients:
            self.clients[service] = self.client(service)
        try:
            return getattr(self.clients[service], xform_name(operation))(**given), None
        except ClientError as refusal:
            error = refusal.response["Error"]
            status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
            return None, (error["Code"], status, error["Message"])


class Cli:
    """Calls by the AWS CLI's own code, without a process for each."""

    name = "cli"
    refused = re.compile(r"An error occurred \((.*?)\) when calling the \w+ operation: (.*)", re.S)

    def __init__(self):
        from awscli.clidriver import create_clidriver

        folder = tempfile.mkdtemp()
        config = os.path.join(folder, "config")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[default]\nparameter_validation = false\nmax_attempts = 1\noutput = json\n")
        os.environ["AWS_CONFIG_FILE"] = config
        self.driver = create_clidriver()
        self.given = os.path.join(folder, "given.json")

    def call(self, service, operation, given):
        """The answer, or None and (code, None, message): the CLI does not tell the status."""
        from botocore import xform_name

        with open(self.given, "w", encoding="utf-8") as file:
            json.dump(given, file, default=bytes.decode)
        words = [service, xform_name(operation, "-"), "--cli-input-json", f"file://{self.given}"]
        out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = self.driver.main(words)
            out.flush()
        printed = out.buffer.getvalue().decode()
        if code == 0:
            return json.loads(printed or "{}"), None
        refusal = self.refused.search(err.getvalue())
        if not refusal:
            raise RuntimeError(f"aws {' '.join(words)} ended with {code}: {err.getvalue()}")
        return None, (refusal[1], None, refusal[2].strip())


def agreed(step, lets, answer, refusal):
    """What is wrong with the answer to a step, or None."""
    wanted = expand(step.get("refusal"), lets)
    if wanted is None:
        if refusal is not None:
            return f"refused: {short(refusal)}"
        return differs(answer, step.get("answer", {}))
    if refusal is None:
        return f"not refused: {short(answer)}"
    code, status, message = refusal
    if wanted.get("code") not in (None, code):
        return f"{short(refusal)}, wanted {wanted['code']}"
    if status is not None and wanted["status"] != status:
        return f"{short(refusal)}, wanted status {wanted['status']}"
    if "message" in wanted and wanted["message"] != message:
        return f"{short(refusal)}, wanted {wanted['message']!r}"
    if "like" in wanted and not re.search(wanted["like"], message):
        return f"{short(refusal)}, wanted like {wanted['like']!r}"
    return None


def hold(checks, client, path):
    """Holds one conversation."""
    with open(path, encoding="utf-8") as file:
        conversation = json.load(file)
    lets = conversation["let"]
    for step in conversation["steps"]:
        if client.name in step.get("not_by", {}):
            continue
        service, operation = step["call"].split(".")
        try:
            answer, refusal = client.call(service, operation, expand(step["input"], lets))
            why = agreed(step, lets, answer, refusal)
        except Exception as error:  # noqa: BLE001 - a client that stumbles is a failed check
            why = f"{type(error).__name__}: {error}"
        checks.that(f"{step['name']} ({step['call']})", why is None, why)


def main():
    """One client, many conversations."""
    checks = Checks()
    client = {"boto3": Boto3, "cli": Cli}[sys.argv[1]]()
    for path in sys.argv[2:]:
        hold(checks, client, path)
    checks.finish()


if __name__ == "__main__":
    main()
