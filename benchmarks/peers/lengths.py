"""Writes the lengths in tokens of a table's captions by CLIP's own vocabulary, which open_clip brings along: one number
per line. What every program is then given as the lengths of real captions."""

import csv
import sys

import open_clip


def main():
    table, output = sys.argv[1:]
    tokenizer = open_clip.SimpleTokenizer()
    with open(table, encoding="utf-8", newline="") as source, open(output, "w", encoding="utf-8") as target:
        for row in csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE):
            length = int((tokenizer([row["title"]], context_length=77)[0] != 0).sum())
            target.write(f"{length}\n")


if __name__ == "__main__":
    main()
