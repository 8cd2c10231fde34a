#!/usr/bin/env python3
"""Checks the rules of the house that a compiler does not: who may include whom, which room holds
the door to which third-party library, file sizes, and that the library never prints or exits.

    scripts/check_layers.py [ROOT]     ROOT is the repository; default: the one this file is in

Prints one line per violation, `file:line: rule`, and ends with status 1 if there is any.
docs/architecture.md draws the table below as a picture.
"""

import pathlib
import re
import sys

import command_line

command_line.begin(__name__, __doc__)

# Each room with the rooms that stand to its left: all that it may include beside itself.
TEXT_AND_IMAGE = ["core", "config", "io"]
MODEL = ["core", "config", "io", "kernels", "nn"]
INFERENCE = ["core", "config", "io", "text", "image", "kernels", "nn", "model"]
ROOMS = {
    "core": [],
    "config": ["core"],
    "io": ["core", "config"],
    "text": TEXT_AND_IMAGE,
    "image": TEXT_AND_IMAGE,
    "kernels": ["core", "config", "io"],
    "nn": ["core", "config", "io", "kernels"],
    "model": MODEL,
    "interop": MODEL + ["text", "model"],
    "data": ["core", "config", "io", "text", "image"],
    "distributed": ["core"],
    "loss": MODEL + ["distributed"],
    "optim": MODEL + ["distributed"],
    "train": ["core", "config", "io", "text", "image", "kernels", "nn", "model", "data", "distributed", "loss", "optim"],
    "inference": INFERENCE,
    "eval": INFERENCE + ["data", "inference"],
}
ROOMS["apps"] = list(ROOMS)

# The shelves of a room: sub-folders of src/<room>, each after those that it may include. The files that stand in the
# room itself have the place of HERE.
HERE = ""
SHELVES = {
    "config": ["json", "presets", "fields", "checks", HERE],
    "io": ["files", "pickle", "safetensors", "parquet", "tar", HERE],
    "text": ["unicode", "cleaning", "steps", "models", "sentencepiece", "huggingface", HERE],
    "image": ["resample", "formats", HERE],
    "kernels": [HERE, "cuda", "rows", "linear", "tiles"],
    "model": ["decoding", HERE],
    "interop": ["names", "reading", "open_clip", "python", "hugging_face", "writers", HERE],
    "data": ["files", "shapes", "stream", "rows", "survey", "manifest", "captions", "shards", HERE],
    "train": ["metrics", "step", "run", "tasks", "session", HERE],
}

# Third-party headers, and the only places that may include them.
JSON_USERS = ["src/config", "src/io", "src/text", "src/interop", "src/data", "src/train", "src/inference", "src/eval"]
DOORS = {
    r"opencv2/": ["src/image", "src/data", "tests"],
    r"jpeglib\.h|turbojpeg\.h": ["src/image", "tests/image"],
    r"png\.h": ["src/image"],
    # Its headers by name: our own files may be called after it.
    r"sentencepiece_(processor|trainer)": ["src/text", "tests/text"],
    r"utf8proc\.h|pcre2\.h": ["src/text"],
    r"nlohmann/": JSON_USERS + ["apps", "tests"],
    r"spdlog/": ["src/core/log.cpp"],
    r"xxhash\.h": ["src/core"],
    r"zlib\.h": ["src/io", "tests"],
    r"CLI/": ["apps"],
    r"cuda_runtime|ATen/cuda/|c10/cuda/": ["src/kernels", "tests/kernels"],
    r"arrow/|parquet/": ["src/io"],
    r"torch/csrc/distributed/": ["src/distributed"],
    r"gtest/|gmock/": ["tests"],
}
TORCH = re.compile(r"(torch|ATen|c10)/")
ROOMS_WITHOUT_TORCH = ["config"]

# Tests that look at several rooms at once, and so see further than the room they are filed under.
WIDE_TESTS = {"tests/model/golden_test.cpp": "optim and loss: a whole training step against the reference",
              "tests/train/tasks/blip_reference_test.cpp": "interop: begins with imported weights"}

FOLDER_LIMIT = 20  # Files and folders in one folder of sources.
LINE_LIMITS = {"include": 300, "src": 300, "apps": 300, "tests": 400}
MAIN_LIMIT = 100

# (where, pattern, what to say), looked for in code without comments and string literals.
FORBIDDEN = [
    (["include", "src", "apps", "tests"], r"\busing\s+namespace\b", "`using namespace`"),
    (["include", "src"], r"\bstd::(cout|cerr|clog)\b", "the library never prints"),
    (["include", "src"], r"\b(v?f?printf|puts|fputs|putchar)\s*\(", "the library never prints"),
    (["include", "src"], r"\bfmt::print\b", "the library never prints"),
    (["include", "src"], r"(?<![.>\w])(std::)?(_?exit|_Exit|quick_exit|abort|terminate)\s*\(",
     "the library never exits: throw tandem::Error"),
    (["include"], r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b", "no conditional code in public headers"),
    (["include"], r"^[ \t]*#[ \t]*define[ \t]+(?!TANDEM_)", "macros are called TANDEM_"),
]

COMMENT = r"//[^\n]*|/\*.*?\*/"
LITERAL = (r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
           r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'")
COMMENT_OR_LITERAL = re.compile(f"(?P<comment>{COMMENT})|{LITERAL}", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<open>[<"])(?P<name>[^>"\n]+)[>"]', re.M)


def blank(text, literals):
    """Returns `text` with comments (and literals, if asked) emptied, every line in its place."""
    def replace(match):
        if match["comment"] is None and not literals:
            return match[0]
        return "\n" * match[0].count("\n")
    return COMMENT_OR_LITERAL.sub(replace, text)


def is_under(path, places):
    return any(path == place or path.startswith(place + "/") for place in places)


class File:
    """One source file: its path from the root, its text, and its includes with line numbers."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.parts = self.path.split("/")
        self.lines = path.read_text(encoding="utf-8").split("\n")
        text = "\n".join(self.lines)
        self.code = blank(text, literals=True)
        visible = blank(text, literals=False)
        self.includes = [(visible.count("\n", 0, m.start()) + 1, m["open"], m["name"])
                         for m in INCLUDE.finditer(visible)]

    @property
    def room(self):
        """The room this file lives in; None for the umbrella header and the like."""
        if self.parts[0] == "apps":
            return "apps"
        depth = 2 if self.parts[0] == "include" else 1
        return self.parts[depth] if len(self.parts) > depth + 1 else None


def read_tree(root):
    return [File(root, path) for top in LINE_LIMITS for path in sorted((root / top).rglob("*"))
            if path.suffix in (".h", ".cpp", ".cu", ".cuh")]


def included_room(name):
    """Returns the room that an include reaches into, or None when it reaches into none."""
    parts = name.split("/")
    if parts[0] == "tandem":
        parts = parts[1:]
    return parts[0] if len(parts) > 1 and parts[0] in ROOMS else None


def check_rooms(file):
    outside = file.parts[0] == "tests" and file.room not in ROOMS
    if file.room is None or outside or file.path in WIDE_TESTS:
        return
    if file.room not in ROOMS:
        yield 1, f"unknown room {file.room}: give it a place in scripts/check_layers.py"
        return
    allowed = ROOMS[file.room] + [file.room]
    for line, _, name in file.includes:
        room = included_room(name)
        if room and room not in allowed:
            yield line, f"{file.room} may not include {room} ({name}); only {', '.join(allowed)}"
        if name == "tandem/tandem.h" and file.parts[0] in ("include", "src"):
            yield line, "rooms include each other's headers, not tandem/tandem.h"


def shelf_of(parts):
    """Returns the shelf of <room>/…/<name>, given as its parts."""
    return parts[1] if len(parts) > 2 else HERE


def check_shelves(file):
    """A shelf includes those before it. Public headers have no shelf."""
    if file.parts[0] != "src" or file.room not in SHELVES:
        return
    order = SHELVES[file.room]
    own = shelf_of(file.parts[1:])
    if own not in order:
        yield 1, f"unknown shelf {own}: give it a place in scripts/check_layers.py"
        return
    for line, _, name in file.includes:
        parts = name.split("/")
        other = shelf_of(parts)
        if parts[0] == file.room and len(parts) > 1 and other in order and order.index(other) > order.index(own):
            yield line, f"shelf {own or file.room} may not include shelf {other or file.room} ({name})"


def check_folders(files):
    """Yields (folder, 1, rule) for each folder of sources with too many entries."""
    entries = {}
    for file in files:
        for depth in range(1, len(file.parts)):
            entries.setdefault("/".join(file.parts[:depth]), set()).add(file.parts[depth])
    for folder, names in sorted(entries.items()):
        if len(names) > FOLDER_LIMIT:
            yield folder, 1, f"{len(names)} files and folders, {FOLDER_LIMIT} is the limit"


def check_doors(file):
    for line, opening, name in file.includes:
        for pattern, places in DOORS.items():
            if re.match(pattern, name) and not is_under(file.path, places):
                yield line, f"{name} may be included only in {', '.join(places)}"
        if TORCH.match(name) and file.room in ROOMS_WITHOUT_TORCH and file.parts[0] != "tests":
            yield line, f"{file.room} is free of torch ({name})"
        if file.parts[0] == "include" and opening == "<" and re.search(r"[/.]", name):
            if not TORCH.match(name):
                yield line, f"only LibTorch is visible in public headers, not {name}"


def check_own_header_first(file, paths):
    """Own header first: then every header is compiled once with nothing of ours before it."""
    if file.parts[0] != "src" or not file.path.endswith(".cpp") or file.room is None:
        return
    stem = "/".join(file.parts[1:])[:-len(".cpp")]
    public = f"{file.room}/{file.parts[-1][:-len('.cpp')]}"
    first = file.includes[0][2] if file.includes else None
    for header, spelling in ((f"include/tandem/{public}.h", f"tandem/{public}.h"),
                             (f"src/{stem}.h", f"{stem}.h")):
        if header in paths and first != spelling:
            yield 1, f'the first include must be "{spelling}"'
        if header in paths:
            return


def check_form(file):
    limit = MAIN_LIMIT if file.parts[-1] == "main.cpp" else LINE_LIMITS[file.parts[0]]
    count = len(file.lines) - (file.lines[-1] == "")
    if count > limit:
        yield limit + 1, f"{count} lines, {limit} is the limit"
    if file.path.endswith(".h") and "#pragma once" not in file.code:
        yield 1, "a header begins with #pragma once"
    for places, pattern, what in FORBIDDEN:
        if file.parts[0] in places:
            for match in re.finditer(pattern, file.code, re.M):
                yield file.code.count("\n", 0, match.start()) + 1, what


def check_whole_library(file, paths):
    """tandem.h is the whole library: it includes every public header."""
    if file.path != "include/tandem/tandem.h":
        return
    included = {"include/" + name for _, _, name in file.includes} | {file.path}
    for path in sorted(paths):
        if path.startswith("include/tandem/") and path not in included:
            yield 1, f"{path} is missing here"


def violations(root):
    """Returns every violation under `root` as (path, line, rule), in path order."""
    files = read_tree(root)
    paths = {file.path for file in files}
    found = []
    for file in files:
        for check in (check_rooms(file), check_shelves(file), check_doors(file), check_form(file),
                      check_own_header_first(file, paths), check_whole_library(file, paths)):
            found += [(file.path, line, rule) for line, rule in check]
    return sorted(found + list(check_folders(files))), len(files)


def main():
    if len(sys.argv) > 2:
        command_line.fail("one ROOT at most")
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) == 2 else here
    found, count = violations(root)
    for path, line, rule in found:
        print(f"{path}:{line}: {rule}")
    if count == 0:
        print(f"layers: error: no source files in {root}", file=sys.stderr)
        return 1
    print(f"layers: {count} files, {len(found)} violation(s)")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
