"""Executes a notebook from top to bottom as Jupyter would, and compares what it shows with what is kept in
the file: texts to the letter, tables and drawings of HTML too, pictures by their size. Of cells with the tag
`any-order` only the kind of what they show is compared: rows arrive in the order that calls in flight had.

    run.py NOTEBOOK SECONDS [--keep]

With --keep the outputs are written into the file instead.
"""

import base64
import io
import pathlib
import re
import sys

import nbformat
from nbclient import NotebookClient
from PIL import Image

# What differs from run to run: addresses of objects.
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def plain(output):
    """An output without what may differ; None for what a kernel says of its own work."""
    if output.output_type == "stream":
        return None if output.name == "stderr" else ("text", ADDRESS.sub("0x", output.text))
    assert output.output_type != "error", "\n".join(output.traceback)
    data = output.data
    if "image/png" in data:
        return ("picture", Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size)
    return ("shown", ADDRESS.sub("0x", data.get("text/html", data.get("text/plain", ""))))


def shown(notebook):
    """What each cell of code shows; parts of a stream are one text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    result = []
    for cell in cells:
        outputs = [one for one in map(plain, cell.outputs) if one]
        joined = []
        for kind, value in outputs:
            if kind == "text" and joined and joined[-1][0] == "text":
                joined[-1] = (kind, joined[-1][1] + value)
            else:
                joined.append((kind, value))
        if "any-order" in cell.metadata.get("tags", []):
            joined = [(kind, "") for kind, _ in joined]
        result.append(joined)
    return result


def main():
    path, seconds = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    kept = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    # The cells run where the notebook lies, as in Jupyter.
    resources = {"metadata": {"path": str(path.parent)}}
    # A kernel may take a while to come up on a busy machine: that of Rust runs cargo first.
    client = NotebookClient(
        fresh, timeout=seconds, startup_timeout=600, resources=resources, record_timing=False
    )
    client.execute()
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = [one for one in cell.outputs if one.get("name") != "stderr"]
    if "--keep" in sys.argv:
        nbformat.write(fresh, path)
    else:
        for number, (old, new) in enumerate(zip(shown(kept), shown(fresh), strict=True)):
            assert old == new, f"cell {number} shows\n{new}\nand the file has\n{old}"
    outputs = [one for cell in shown(fresh) for one in cell]
    pictures = [one for one in outputs if one[0] == "picture" or "<svg" in str(one[1])]
    assert pictures, "no picture"
    print(f"{len(outputs)} outputs as they are kept, {len(pictures)} of them pictures")


if __name__ == "__main__":
    main()
