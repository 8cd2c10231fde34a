#!/usr/bin/env python3
"""Writes tests/golden/late_conversion.json and tests/golden/late_conversion/*: open_clip's conversion to RGB after the resize.

Each picture of tests/golden/transparency and of this folder goes through open_clip's own evaluation transform up to its
conversion to RGB, so that Pillow resizes it in the mode it is stored in. Needs Pillow 13 and open_clip 3.

    python3 scripts/make_golden_late_conversion.py
"""

import io
import struct

import command_line

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
import open_clip  # noqa: E402
import PIL  # noqa: E402
from open_clip.transform import image_transform  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

from make_golden_images import GOLDEN, noise, saved  # noqa: E402
from make_golden_transparency import FOLDER as TRANSPARENCY, SIZE, png, random_rows, result_of, write_golden  # noqa: E402

FOLDER = GOLDEN / "late_conversion"


def old_bmp_with_palette(image):
    """A BMP of OS/2: a header of 12 bytes and three bytes for a colour."""
    palette = bytes(numpy.array(image.getpalette(), dtype=numpy.uint8).reshape(-1, 3)[:, ::-1]).ljust(768, b"\0")
    rows = b"".join(row.tobytes().ljust((image.width + 3) // 4 * 4, b"\0") for row in numpy.asarray(image)[::-1])
    start = 14 + 12 + len(palette)
    header = struct.pack("<IHHHH", 12, *image.size, 1, 8)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows


def with_orientation(image, number):
    exif = Image.Exif()
    exif[0x0112] = number
    return saved(image, "PNG", exif=exif)


def picture_files():
    image = noise(5, 4, 500).resize(SIZE, Image.Resampling.BICUBIC)
    rgba = image.copy()
    rgba.putalpha(noise(*SIZE, 501).getchannel("R"))
    palette = image.quantize(16)
    yield "palette.png", saved(palette, "PNG")
    yield "bilevel.png", saved(noise(*SIZE, 502).convert("1"), "PNG")
    yield "gray_4.png", png(16, 9, 4, 0, random_rows(503, 9, 8))
    yield "turned_rgba.png", with_orientation(rgba, 6)
    yield "turned_palette.png", with_orientation(palette, 3)
    yield "palette.bmp", saved(palette, "BMP")
    yield "palette_old.bmp", old_bmp_with_palette(palette)
    yield "gray.bmp", saved(image.convert("L"), "BMP")
    yield "bilevel.bmp", saved(noise(*SIZE, 504).convert("1"), "BMP")
    yield "cmyk.jpg", saved(noise(9, 7, 505).resize((48, 36), Image.Resampling.BICUBIC).convert("CMYK"), "JPEG", quality=90)
    yield "cmyk_large.jpg", saved(noise(9, 7, 506).resize((300, 90), Image.Resampling.BICUBIC).convert("CMYK"), "JPEG", quality=70)


def shown(content, size, mode, interpolation, exif="ignore"):
    """open_clip's evaluation transform without its last two steps, to tensor and normalisation."""
    steps = image_transform(size, is_train=False, resize_mode=mode, interpolation=interpolation).transforms[:-2]
    image = Image.open(io.BytesIO(content))
    if exif == "apply":
        image = ImageOps.exif_transpose(image)
    for step in steps:
        image = step(image)
    assert image.mode == "RGB" and image.size == (size, size), image
    return image


def cases():
    FOLDER.mkdir(exist_ok=True)
    files = [(path.relative_to(GOLDEN), path.read_bytes()) for path in sorted(TRANSPARENCY.iterdir())]
    for name, content in picture_files():
        (FOLDER / name).write_bytes(content)
        files.append(((FOLDER / name).relative_to(GOLDEN), content))
    settings = [(8, "squash", "bicubic"), (11, "shortest", "bicubic"), (24, "shortest", "bilinear"), (17, "longest", "bicubic")]
    for path, content in files:
        width, height = Image.open(io.BytesIO(content)).size
        same = [(width, "squash", "bicubic")] if width == height else []  # nothing to resize, so that nothing is weighted
        for exif in ("ignore", "apply") if "turned" in str(path) else ("ignore",):
            for size, mode, interpolation in settings + same:
                yield {"file": str(path), "resize_mode": mode, "filter": interpolation, "exif": exif,
                       **result_of(shown(content, size, mode, interpolation, exif))}


def main():
    write_golden("late_conversion", {"pillow": PIL.__version__, "open_clip": open_clip.__version__}, cases())


if __name__ == "__main__":
    main()
