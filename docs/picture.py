"""Draws the demo in a terminal, as an SVG that scrolls as the output came.

    python3 docs/picture.py captains-demo docs/src/demo.svg

The first argument is the program, the second the file. The picture is a window of 32 lines; without
animations it shows the first of them.
"""

import html
import os
import re
import subprocess
import sys
import tempfile

COLUMNS, ROWS = 104, 32
CHARACTER, LINE, MARGIN, BAR = 7.8, 17, 14, 30
# Seconds for all of it, with a rest on the last screen.
SCROLL, REST = 9, 4
COLOURS = {"31": "#f14c4c", "32": "#23d18b", "33": "#e5e510", "34": "#3b8eea", "36": "#29b8db"}
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def output(program):
    """What the program prints, with its colours, in a folder of its own."""
    environment = os.environ | {"CLICOLOR_FORCE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([os.path.abspath(program) if os.sep in program else program], cwd=folder,
                             env=environment, capture_output=True, text=True, check=True)
    return ["$ captains-demo", ""] + ran.stdout.rstrip("\n").split("\n")


def spans(line):
    """A line as pieces of text with their style; what is wider than the window is cut off."""
    style, width, pieces = "", 0, []
    for number, part in enumerate(ESCAPE.split(line)):
        if number % 2:
            codes = [code for code in part.split(";") if code not in ("", "0")]
            weight = ["font-weight:bold"] if "1" in codes else []
            faint = ["opacity:.6"] if "2" in codes else []
            colour = [f"fill:{COLOURS[code]}" for code in codes if code in COLOURS]
            style = ";".join(weight + faint + colour)
            continue
        text = part[: max(COLUMNS - width, 0)]
        if text:
            pieces.append((width, text, style))
        width += len(part)
    return pieces


def drawing(lines):
    """The lines as an SVG."""
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    height = ROWS * LINE + 2 * MARGIN + BAR
    shown = ROWS * LINE + MARGIN
    total = SCROLL + REST
    over = max(len(lines) - ROWS, 0)
    frames = [f"{100 * SCROLL / total * step / max(over, 1):.2f}% {{transform:translateY({-step * LINE}px)}}"
              for step in range(over + 1)]
    frames.append(f"100% {{transform:translateY({-over * LINE}px)}}")
    text = []
    for row, line in enumerate(lines):
        for column, piece, style in spans(line):
            x, y = MARGIN + column * CHARACTER, BAR + MARGIN + (row + 1) * LINE - 4
            # A given length keeps the columns of tables straight in any font.
            length = f' textLength="{len(piece) * CHARACTER:.1f}"' if piece.strip() else ""
            styled = f' style="{style}"' if style else ""
            text.append(f'<text x="{x:.1f}" y="{y}"{length}{styled}>{html.escape(piece)}</text>')
    dots = "".join(f'<circle cx="{18 + 20 * at}" cy="15" r="6" fill="{fill}"/>'
                   for at, fill in enumerate(["#ff5f56", "#ffbd2e", "#27c93f"]))
    body = "\n".join(text)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">
<title>captains-demo in a terminal</title>
<style>
text {{ font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d4d4d4; white-space: pre }}
.scroll {{ animation: scroll {total}s steps(1) infinite }}
@keyframes scroll {{ {' '.join(frames)} }}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1e1e1e"/>
{dots}
<svg x="0" y="{BAR}" width="{width}" height="{shown}" viewBox="0 {BAR} {width} {shown}">
<g class="scroll">
{body}
</g>
</svg>
</svg>
"""


def main():
    program, path = sys.argv[1:]
    lines = output(program)
    with open(path, "w", encoding="utf-8") as file:
        file.write(drawing(lines))
    print(f"{len(lines)} lines in {path}")


if __name__ == "__main__":
    main()
