#!/usr/bin/env python3
"""Draws docs/architecture.svg: the rooms with their shelves, which room includes which, and the way of one batch.

    scripts/draw_architecture.py            writes docs/architecture.svg
    scripts/draw_architecture.py --check    ends with status 1 when the file differs from what would be written

Rooms and arrows come from the includes of include/ and src/; an arrow that follows from others is left out.
"""

import html
import pathlib
import sys

import check_layers
import command_line

command_line.begin(__name__, __doc__)

ROOT = pathlib.Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"

BOX_WIDTH, LINE, PADDING = 128, 15, 8
COLUMN_GAP, ROW_GAP, MARGIN = 44, 18, 16
FONT = 'font-family="DejaVu Sans, Verdana, sans-serif"'

# The way of one batch, as docs/architecture.md tells it: what, and the room that does it.
BATCH = [("sample", "data"), ("pixels and ids", "image, text"), ("batch", "data"), ("features", "model"),
         ("embeddings", "model"), ("loss", "loss"), ("gradients", "train"), ("update", "optim"), ("records", "train")]


def included_rooms():
    """Returns the rooms that each room includes."""
    rooms = {room: set() for room in check_layers.ROOMS if room != "apps"}
    for file in check_layers.read_tree(ROOT):
        if file.parts[0] not in ("include", "src") or file.room not in rooms:
            continue
        names = (check_layers.included_room(name) for _, _, name in file.includes)
        rooms[file.room] |= {room for room in names if room in rooms and room != file.room}
    return rooms


def without_implied(rooms):
    """Returns the arrows that do not follow from others."""
    def reach(room, seen):
        for other in rooms[room]:
            if other not in seen:
                seen.add(other)
                reach(other, seen)
        return seen

    return {room: {each for each in others
                   if not any(each in reach(other, set()) for other in others if other != each)}
            for room, others in rooms.items()}


def columns_of(rooms):
    """Returns the rooms column by column: each stands to the right of all that it includes."""
    depth = {}

    def find(room):
        if room not in depth:
            depth[room] = 1 + max((find(other) for other in rooms[room]), default=-1)
        return depth[room]

    for room in rooms:
        find(room)
    return [[room for room in rooms if depth[room] == column] for column in range(max(depth.values()) + 1)]


def text(x, y, content, size=11, weight="normal", anchor="middle"):
    return (f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" {FONT} '
            f'fill="#1b1f24">{html.escape(content)}</text>')


def box(x, y, width, height, fill="#eef3f8"):
    return (f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" stroke="#5b7083"/>')


def arrow(x1, y1, x2, y2):
    bend = (x1 + x2) / 2
    return (f'<path d="M{x1:g} {y1:g} C{bend:g} {y1:g} {bend:g} {y2:g} {x2:g} {y2:g}" fill="none" stroke="#8397a8" '
            'marker-end="url(#head)"/>')


def shelves_of(room):
    return [shelf for shelf in check_layers.SHELVES.get(room, []) if shelf != check_layers.HERE]


def height_of(room):
    return 2 * PADDING + LINE * (1 + len(shelves_of(room)))


def place(columns, rooms):
    """Returns the corner of each room's box, and the height of the picture's upper part. A room stands near those that
    it includes, so that few arrows cross."""
    heights = [sum(height_of(room) + ROW_GAP for room in column) - ROW_GAP for column in columns]
    corners = {}
    for number, column in enumerate(columns):
        column = sorted(column, key=lambda room: sum(corners[each][1] + height_of(each) / 2 for each in rooms[room])
                        / max(len(rooms[room]), 1))
        y = MARGIN + (max(heights) - heights[number]) / 2
        for room in column:
            corners[room] = (MARGIN + number * (BOX_WIDTH + COLUMN_GAP), y)
            y += height_of(room) + ROW_GAP
    return corners, 2 * MARGIN + max(heights)


def draw_rooms(rooms, corners):
    parts = []
    for room, others in rooms.items():
        x, y = corners[room]
        for other in sorted(others):
            from_x, from_y = corners[other]
            parts.append(arrow(from_x + BOX_WIDTH, from_y + height_of(other) / 2, x, y + height_of(room) / 2))
    for room, (x, y) in corners.items():
        parts.append(box(x, y, BOX_WIDTH, height_of(room)))
        parts.append(text(x + BOX_WIDTH / 2, y + PADDING + 10, room, 13, "bold"))
        for number, shelf in enumerate(shelves_of(room)):
            parts.append(text(x + BOX_WIDTH / 2, y + PADDING + 10 + LINE * (number + 1), shelf))
    return parts


def draw_batch(top, width):
    step = (width - 2 * MARGIN) / len(BATCH)
    parts = [text(MARGIN, top, "The way of one batch, and the room that does each step", 12, "bold", "start")]
    for number, (what, room) in enumerate(BATCH):
        x = MARGIN + number * step
        parts.append(box(x, top + 12, step - 22, 44, "#f6f1e7"))
        parts.append(text(x + (step - 22) / 2, top + 31, what, 11, "bold"))
        parts.append(text(x + (step - 22) / 2, top + 47, room))
        if number + 1 < len(BATCH):
            parts.append(arrow(x + step - 22, top + 34, x + step, top + 34))
    return parts


def picture():
    included = included_rooms()
    columns = columns_of(included)
    arrows = without_implied(included)
    corners, height = place(columns, arrows)
    width = 2 * MARGIN + len(columns) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP
    total = height + 84
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {total:g}" width="{width:g}" height="{total:g}">',
             "<title>Rooms of Tandem, left to right, and the way of one batch</title>",
             '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
             'orient="auto"><path d="M0 0L8 4L0 8z" fill="#8397a8"/></marker></defs>',
             f'<rect width="{width:g}" height="{total:g}" fill="#ffffff"/>']
    parts += draw_rooms(arrows, corners)
    parts += draw_batch(height + 8, width)
    return "\n".join(parts + ["</svg>"]) + "\n"


def main():
    drawn = picture()
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != drawn:
            sys.exit("docs/architecture.svg is out of date: scripts/draw_architecture.py")
        return
    if sys.argv[1:]:
        sys.exit(__doc__)
    PICTURE.write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
