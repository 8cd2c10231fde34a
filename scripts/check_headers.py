#!/usr/bin/env python3
"""Checks that every public header stands on its own feet.

    scripts/check_headers.py [--compiler C++] [ROOT]

A header without torch is compiled alone. One with torch would cost ten seconds, so it is enough
that some unit includes it first, before anything else of ours: that unit compiles it in the build.
What a precompiled torch header could hide is asked of the text: a header that says std::vector
includes <vector>, or a header of ours that does.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

import command_line

command_line.begin(__name__, __doc__)
import check_layers  # noqa: E402

# Standard headers by the names that need them. Sizes of integers come with LibTorch's contract.
NEEDS = {
    "array": r"std::array\b",
    "atomic": r"std::atomic\b",
    "chrono": r"std::chrono\b",
    "condition_variable": r"std::condition_variable\b",
    "cstddef": r"(?<![\w:])size_t\b",
    "cstdint": r"(?<![\w:])u?int(8|16|32|64)_t\b",
    "deque": r"std::deque\b",
    "filesystem": r"std::filesystem\b",
    "functional": r"std::function\b",
    "initializer_list": r"std::initializer_list\b",
    "map": r"std::map\b",
    "memory": r"std::(unique|shared|weak)_ptr\b",
    "mutex": r"std::(mutex|lock_guard|unique_lock)\b",
    "optional": r"std::(optional|nullopt)\b",
    "set": r"std::set\b",
    "span": r"std::span\b",
    "string": r"std::string\b",
    "string_view": r"std::string_view\b",
    "thread": r"std::thread\b",
    "tuple": r"std::tuple\b",
    "unordered_map": r"std::unordered_map\b",
    "utility": r"std::pair\b",
    "variant": r"std::variant\b",
    "vector": r"std::vector\b",
}
FROM_TORCH = {"cstddef", "cstdint"}
ALSO_FROM = {"cstddef": {"cstdint", "string", "string_view", "vector", "array"}, "utility": {"map"},
             "initializer_list": {"vector", "string"}}


def reachable(name, headers):
    """Returns every include that `name` reaches through our own public headers, its own too."""
    seen, waiting = set(), [name]
    while waiting:
        for _, _, each in headers[waiting.pop()].includes:
            if each not in seen:
                seen.add(each)
                if each in headers:
                    waiting.append(each)
    return seen


def missing_standard_headers(file, reached):
    with_torch = any(check_layers.TORCH.match(each) for each in reached)
    for header, pattern in NEEDS.items():
        given = header in reached or ALSO_FROM.get(header, set()) & reached
        given = given or (with_torch and header in FROM_TORCH)
        use = re.search(pattern, file.code)
        if use and not given:
            yield f"{file.path}:{file.code.count(chr(10), 0, use.start()) + 1}: needs <{header}>"


def compile_alone(compiler, include, header):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I",
               str(include), "-include", header, "-x", "c++", os.devnull]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    return [f"include/{header}: does not compile alone\n{result.stderr.rstrip()}"]


def check(root, compiler):
    files = check_layers.read_tree(root)
    headers = {file.path[len("include/"):]: file for file in files
               if file.path.startswith("include/") and file.path.endswith(".h")}
    leaders = {file.includes[0][2] for file in files
               if file.path.endswith(".cpp") and file.includes}
    found, alone = [], []
    for name, file in headers.items():
        reached = reachable(name, headers)
        found += missing_standard_headers(file, reached)
        only_includes = not re.sub(r"#.*", "", file.code).strip()
        if not any(check_layers.TORCH.match(each) for each in reached):
            alone.append(name)
        elif name not in leaders and not only_includes:
            found.append(f"{file.path}: no unit includes it first, so nothing shows it compiles")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for errors in pool.map(lambda name: compile_alone(compiler, root / "include", name), alone):
            found += errors
    print("\n".join(found + [f"headers: {len(headers)} checked, {len(alone)} of them compiled "
                             f"alone, {len(found)} violation(s)"]))
    return 1 if found or not headers else 0


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = command_line.Parser(__doc__)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "c++"))
    parser.add_argument("root", nargs="?", type=pathlib.Path, default=here)
    arguments = parser.parse_args()
    return check(arguments.root.resolve(), arguments.compiler)


if __name__ == "__main__":
    sys.exit(main())
