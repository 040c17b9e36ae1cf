"""The table of docs/src/endpoint-operations.md: what is said of each operation and member."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs/src/endpoint-operations.md"
STATES = {"done", "partly", "refused", "kept", "no effect"}
ROW = re.compile(r"^\| `([^`]+)` \| ([a-z ]+) \|(?: (.*))?\|$")
SHARED = {
    "ExtendedS3DestinationConfiguration": "S3 destination",
    "S3DestinationConfiguration": "S3 destination",
    "ExtendedS3DestinationUpdate": "S3 destination",
    "S3DestinationUpdate": "S3 destination",
    "TableInput": "Glue table",
}


class Page:
    """What the page says; `rows` is what it said of places that were asked for."""

    def __init__(self):
        self.said, self.used, section = {}, set(), None
        for line in PAGE.read_text(encoding="utf-8").splitlines():
            if line.startswith("### "):
                section = line.removeprefix("### ").strip()
            elif row := ROW.match(line):
                assert row[2] in STATES, line
                self.said[section, row[1]] = row[2]

    def state(self, section, steps):
        """What the page says of a place: its own row, or the nearest row above it."""
        names = [step for step in steps if isinstance(step, str)]
        if names and names[0] in SHARED and len(names) > 1:
            section, names = SHARED[names[0]], names[1:]
        for length in range(len(names), 0, -1):
            row = section, ".".join(names[:length])
            if row in self.said:
                self.used.add(row)
                return self.said[row]
        return None

    def unused(self, sections):
        """Rows of these sections that name no member of the model."""
        return [row for row in self.said if row[0] in sections and row not in self.used]
