"""Command lines of the Python scripts, told from their docstrings before any package is imported."""

import argparse
import re
import sys

USAGE = 64
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")


def fail(message):
    print(f"{sys.argv[0]}: {message} (see --help)", file=sys.stderr)
    sys.exit(USAGE)


def name_the_interpreter(kind, error, trace):
    sys.__excepthook__(kind, error, trace)
    if issubclass(kind, ModuleNotFoundError):
        print(f"{sys.argv[0]}: {error}. benchmarks/setup_peers.sh prints a Python that has the packages", file=sys.stderr)


def begin(name, text):
    """Call it with __name__ and __doc__ before packages are imported. When the script is what runs: --help prints `text`, an
    option that is not in it ends with 64, and a missing package is told with an interpreter that has it."""
    if name != "__main__":
        return
    words = [word.split("=")[0] for word in sys.argv[1:] if word.startswith("-")]
    if "-h" in words or "--help" in words:
        print(text.strip())
        sys.exit(0)
    for word in words:
        if word not in OPTION.findall(text):
            fail(f"unknown option {word}")
    sys.excepthook = name_the_interpreter


class Parser(argparse.ArgumentParser):
    """argparse's, with the programs' exit code for a wrong command line."""

    def __init__(self, text="", **options):
        super().__init__(description=text, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message):
        fail(message)
