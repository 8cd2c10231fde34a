#!/usr/bin/env python3
"""Checks that shards go both ways between clip-data and the Python package webdataset.

    scripts/check_webdataset.py CLIP_DATA     e.g. build/release/bin/clip-data

Needs the packages webdataset and Pillow. Writes shards with webdataset and reads them with
clip-data, writes shards with clip-data and reads them with webdataset, and compares every sample:
keys, picture bytes, captions. Prints what was compared and ends with status 1 on any difference.
Not part of the tests, which need no Python package.
"""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import command_line

command_line.begin(__name__, __doc__)
import webdataset  # noqa: E402
from PIL import Image  # noqa: E402

SAMPLES = 250


def picture(number):
    """A small picture's bytes, JPEG, PNG or WebP by turns, with its extension."""
    image = Image.new("RGB", (24, 20), (number % 256, number * 7 % 256, number * 13 % 256))
    kind, extension = [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")][number % 3]
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return extension, buffer.getvalue()


def caption(number):
    return f"picture {number}: \"é\" – 日本"


def write_with_webdataset(folder):
    """Three shards: txt alone, json alone, and both with several captions in the json."""
    pattern = str(folder / "theirs-%06d.tar")
    with webdataset.ShardWriter(pattern, maxcount=100, verbose=0) as sink:
        for number in range(SAMPLES):
            extension, content = picture(number)
            sample = {"__key__": f"part.one/{number:06d}" if number % 2 else f"{number:06d}",
                      extension: content}
            if number % 3 != 1:
                sample["txt"] = caption(number)
            if number % 3 != 0:
                sample["json"] = {"caption": caption(number), "width": 24}
            sink.write(sample)
    return str(folder / "theirs-{000000..000002}.tar")


def config_for(folder, source):
    config = {"data": {"train": source}, "tokenizer": {"train_vocab_size": 256}}
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def run(program, *arguments):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: status {result.returncode}\n{result.stderr}")
    return result.stdout


def read_with_webdataset(shards):
    """Samples as webdataset yields them: dictionaries of bytes."""
    return list(webdataset.WebDataset(shards, shardshuffle=False, empty_check=False))


def picture_of(sample):
    return next((name, sample[name]) for name in ("jpg", "png", "webp", "bmp") if name in sample)


def compare(what, expected, found):
    if expected != found:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")


def check_theirs_here(program, folder):
    """clip-data packs their shards anew: what comes out must be what went in, in order."""
    shards = write_with_webdataset(folder)
    config = config_for(folder, {"kind": "wds", "path": shards, "caption_key": "caption"})
    run(program, "check", "--config", config)
    run(program, "index", "--config", config)
    run(program, "shard", "--config", config, "--output", folder / "again", "--max-samples", 90)
    theirs = read_with_webdataset(shards)
    ours = read_with_webdataset(sorted(map(str, (folder / "again").glob("*.tar"))))
    compare("number of samples", SAMPLES, len(theirs))
    compare("number of samples", len(theirs), len(ours))
    for number, (before, after) in enumerate(zip(theirs, ours)):
        compare(f"sample {number}, key", f"{number:09d}", after["__key__"])
        compare(f"sample {number}, picture", picture_of(before), picture_of(after))
        compare(f"sample {number}, caption", caption(number), after["txt"].decode())
    print(f"webdataset -> clip-data: {len(theirs)} samples in 3 shards, equal sample for sample")


def check_ours_there(program, folder):
    """A table packed by clip-data, read by webdataset."""
    (folder / "pictures").mkdir()
    with open(folder / "table.tsv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["filepath", "title"])
        for number in range(SAMPLES):
            extension, content = picture(number)
            name = f"pictures/{number}.{extension}"
            (folder / name).write_bytes(content)
            table.writerow([name, caption(number)])
    config = config_for(folder, {"kind": "table", "path": str(folder / "table.tsv")})
    run(program, "shard", "--config", config, "--output", folder / "ours", "--max-samples", 100)
    sizes = json.loads((folder / "ours/sizes.json").read_text())
    compare("sizes.json", {"00000.tar": 100, "00001.tar": 100, "00002.tar": 50}, sizes)
    found = read_with_webdataset(str(folder / "ours/{00000..00002}.tar"))
    compare("number of samples", SAMPLES, len(found))
    for number, sample in enumerate(found):
        compare(f"sample {number}, key", f"{number:09d}", sample["__key__"])
        compare(f"sample {number}, picture", picture(number), picture_of(sample))
        compare(f"sample {number}, caption", caption(number), sample["txt"].decode())
    print(f"clip-data -> webdataset: {len(found)} samples in 3 shards, equal sample for sample")


def main():
    if len(sys.argv) != 2:
        command_line.fail("needs CLIP_DATA")
    program = str(pathlib.Path(sys.argv[1]).resolve())
    for check in (check_theirs_here, check_ours_there):
        with tempfile.TemporaryDirectory() as folder:
            check(program, pathlib.Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
