#!/usr/bin/env python3
"""Writes the programs of a Markdown page into a folder.

    extract_programs.py PAGE FOLDER

A program is a code block of C++ whose first line is a comment that begins with its file name.
"""

import pathlib
import re
import sys


def programs_of(page):
    """Returns the programs of `page` as (file name, content)."""
    blocks = re.findall(r"^```cpp\n(.*?)^```$", page, re.M | re.S)
    found = []
    for block in blocks:
        name = re.match(r"// (\w+\.cpp)\b", block)
        if name:
            found.append((name.group(1), block))
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    programs = programs_of(page.read_text(encoding="utf-8"))
    if not programs:
        sys.exit(f"{page}: no programs")
    for name, content in programs:
        lines = content.count("\n")
        if lines > 60:
            sys.exit(f"{page}: {name} has {lines} lines")
        (folder / name).write_text(content, encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
