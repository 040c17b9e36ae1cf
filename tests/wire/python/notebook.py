"""Runs the tutorial's notebook cells as Jupyter would, until every record that the producer printed
is found again, or the time is over.

    notebook.py CELLS_FOLDER PRODUCER_OUTPUT SECONDS
"""

import ast
import contextlib
import io
import os
import sys
import time
from collections import Counter

from checks import Checks


def cells(folder):
    """The four cells in one namespace; what they printed and what they left behind."""
    names = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for number in range(1, 5):
            path = os.path.join(folder, f"cell_{number}.py")
            with open(path, encoding="utf-8") as file:
                exec(compile(file.read(), path, "exec"), names)  # noqa: S102 - that is the test
    return printed.getvalue(), names["df"]


def main():
    """One check for each record, and a few for what the cells print."""
    folder, output, seconds = sys.argv[1:]
    with open(output, encoding="utf-8") as file:
        lines = [line.removeprefix("Record: ") for line in file if line.startswith("Record: ")]
    # The last line may have been cut off by the interrupt.
    records = [ast.literal_eval(line) for line in lines if line.endswith("}\n")]
    wanted = Counter(tuple(record.items()) for record in records)
    checks = Checks()
    checks.that("the producer printed records", len(records) > 100, len(records))
    until = time.monotonic() + float(seconds)
    while True:
        try:
            printed, frame = cells(folder)
        except ValueError as error:
            # `pd.concat` of nothing: no object yet.
            printed, frame = str(error), None
        rows = [] if frame is None else frame.to_dict("records")
        found = Counter(tuple(row.items()) for row in rows)
        if not wanted - found or time.monotonic() > until:
            break
        time.sleep(0.5)
    for record in wanted:
        checks.that("a printed record is found", found[record] >= wanted[record], record)
    # A record may be put and not yet printed when the producer is interrupted.
    checks.that("and no other", len(rows) - len(records) in (0, 1), (len(rows), len(records)))
    checks.that("the bucket is listed", "  captains-rating\n" in printed, printed)
    checks.that("the first rows are shown", "favoritecaptain" in printed, printed)
    checks.finish()


if __name__ == "__main__":
    main()
