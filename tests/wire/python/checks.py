"""Counts what holds and prints what does not. One object for each program."""

import sys
import traceback


class Checks:
    """Checks of one program; `finish` ends it with the tally."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def that(self, name, holds, told=""):
        """Notes whether something holds."""
        if holds:
            self.passed += 1
        else:
            self.failed.append(name)
            print(f"FAILED: {name}: {told}", file=sys.stderr)

    def equal(self, name, got, wanted):
        """Notes whether two values are the same."""
        self.that(name, got == wanted, f"got {short(got)}, wanted {short(wanted)}")

    def run(self, part):
        """Runs one part of the program; what it raises is a failure, and the next part still runs."""
        try:
            part(self)
        except Exception:  # noqa: BLE001 - whatever ends a part early is a failed check
            traceback.print_exc()
            self.failed.append(part.__name__)

    def finish(self):
        """Prints the tally and ends the program."""
        for name in self.failed:
            print(f"failed: {name}")
        print(f"checks passed: {self.passed}")
        sys.exit(1 if self.failed or not self.passed else 0)


def short(value):
    """A value as text that fits a line or two."""
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}... ({len(text)} characters)"
