#!/usr/bin/env python3
"""Draws docs/quickstart.png: pictures of a quickstart run with what its model says of them.

    build/release/bin/clip-zeroshot --model runs/quickstart/model --images runs/quickstart/samples \
        --classes-file runs/quickstart/samples/classes.txt --top-k 2 --format json > answers.json
    scripts/draw_quickstart.py answers.json docs/quickstart.png

The folder of a picture is what it shows; a wrong answer is written in red. Needs Pillow.
"""
import json
import pathlib
import sys

import command_line

command_line.begin(__name__, __doc__)
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

COLUMNS, SIDE, LABEL, GAP = 6, 128, 34, 10
INK, MUTED, WRONG, PAPER = (30, 34, 40), (120, 126, 134), (190, 30, 45), (255, 255, 255)


def draw_cell(sheet, entry, left, top, font):
    path = pathlib.Path(entry["image"])
    sheet.paste(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.Resampling.NEAREST), (left, top))
    draw = ImageDraw.Draw(sheet)
    best, second = entry["results"][:2]
    ink = INK if best["label"] == path.parent.name else WRONG
    for line, (answer, color) in enumerate(((best, ink), (second, MUTED))):
        text = f"{answer['label']} {100 * answer['score']:.0f} %"
        draw.text((left, top + SIDE + 3 + 14 * line), text, color, font=font)


def main():
    if len(sys.argv) != 3:
        command_line.fail("needs the answers and the picture to write")
    entries = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows = -(-len(entries) // COLUMNS)
    width = COLUMNS * (SIDE + GAP) + GAP
    sheet = Image.new("RGB", (width, rows * (SIDE + LABEL + GAP) + GAP), PAPER)
    font = ImageFont.load_default(size=12)
    for number, entry in enumerate(entries):
        row, column = divmod(number, COLUMNS)
        draw_cell(sheet, entry, GAP + column * (SIDE + GAP), GAP + row * (SIDE + LABEL + GAP), font)
    sheet.save(sys.argv[2], optimize=True)


if __name__ == "__main__":
    main()
