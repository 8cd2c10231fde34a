#!/usr/bin/env python3
"""Writes tests/golden/parquet/*.parquet: small tables of pictures and captions as public data sets store them.

    scripts/make_golden_parquet.py

Needs pyarrow (these files: 26.0.1). Pictures are those of tests/golden/images; nothing is downloaded.
"""
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
NAMES = ["rgb.bmp", "gray.jpg", "turned.png", "lossy.webp", "rgb.jpg", "progressive.jpg", "gray.png", "palette.png"]
PATHS = [f"../images/{name}" for name in NAMES]
CAPTIONS = [f"picture {i}, ä€" for i in range(len(NAMES))]


def pictures():
    return [(GOLDEN / "images" / name).read_bytes() for name in NAMES]


def paths_table():
    """As img2dataset's and LAION's tables once the pictures are there: some captions and paths are missing."""
    captions = [None if i == 2 else text for i, text in enumerate(CAPTIONS)]
    paths = [None if i == 5 else path for i, path in enumerate(PATHS)]
    return pyarrow.table({"url": [f"https://example.org/{name}" for name in NAMES], "TEXT": captions,
                          "similarity": [0.1 * i for i in range(len(NAMES))], "image_path": paths})


def hugging_face_table():
    """An Image feature: a struct of bytes and path. Row 1 has only a path, row 3 neither."""
    content = [None if i in (1, 3) else data for i, data in enumerate(pictures())]
    named = [None if i == 3 else path for i, path in enumerate(PATHS)]
    image = pyarrow.StructArray.from_arrays([pyarrow.array(content, pyarrow.binary()), pyarrow.array(named)], ["bytes", "path"])
    texts = [[f"{text}, {n}" for n in range(1 + i % 3)] for i, text in enumerate(CAPTIONS)]
    return pyarrow.table({"image": image, "captions": texts, "label": list(range(len(NAMES)))})


def img2dataset_table():
    """img2dataset's output_format=parquet: the file's bytes in `jpg`; many rows of few different pictures."""
    count = 60
    content = [pictures()[i % len(NAMES)] for i in range(count)]
    return pyarrow.table({"key": [f"{i:09d}" for i in range(count)], "jpg": pyarrow.array(content, pyarrow.binary()),
                          "caption": pyarrow.array([CAPTIONS[i % len(NAMES)] for i in range(count)]).dictionary_encode()})


def main():
    folder = GOLDEN / "parquet"
    folder.mkdir(exist_ok=True)
    write = pyarrow.parquet.write_table
    write(paths_table(), folder / "paths_snappy.parquet", compression="snappy", row_group_size=3)
    write(paths_table(), folder / "paths_plain.parquet", compression="none", use_dictionary=False, version="1.0")
    write(hugging_face_table(), folder / "hugging_face_zstd.parquet", compression="zstd", row_group_size=3)
    write(img2dataset_table(), folder / "img2dataset_dictionary.parquet", compression="gzip", data_page_size=2000, write_batch_size=4)
    write(img2dataset_table(), folder / "img2dataset_v2.parquet", compression="brotli", use_dictionary=["caption"],
          data_page_version="2.0", data_page_size=2000, write_batch_size=4, row_group_size=25)


if __name__ == "__main__":
    main()
