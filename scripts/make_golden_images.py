#!/usr/bin/env python3
"""Writes tests/golden/images.json and tests/golden/images/*: what Pillow makes of small pictures.

Needs Pillow 13 or newer (its resize runs the vertical pass first for tall pictures). Pictures are noise from
a formula that tests/image/pictures.cpp repeats, so that only hashes and first values are stored.

    python3 scripts/make_golden_images.py
"""

import io
import json
import pathlib
import struct
import zlib

import command_line

command_line.begin(__name__, __doc__)
import PIL  # noqa: E402
from PIL import Image, ImageEnhance, ImageOps, features  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}
MASK = (1 << 64) - 1


def numbers(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        yield state >> 56


def noise(width, height, seed):
    stream = numbers(seed)
    return Image.frombytes("RGB", (width, height), bytes(next(stream) for _ in range(width * height * 3)))


def fnv_1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return f"{value:016x}"


def result_of(image):
    data = image.convert("RGB").tobytes()
    return {"size": list(image.size), "hash": fnv_1a(data), "head": list(data[:12])}


def resize_cases():
    shapes = [  # width, height, new width, new height, box
        (40, 30, 16, 12, None),
        (40, 30, 97, 61, None),
        (61, 47, 61, 20, None),
        (61, 47, 33, 47, None),
        (30, 90, 15, 15, None),  # vertical pass first
        (90, 30, 15, 15, None),
        (1, 1, 5, 7, None),
        (1, 50, 9, 9, None),
        (73, 5, 3, 3, None),
        (50, 40, 20, 20, (3.25, 4.5, 41.75, 33.125)),
        (50, 40, 20, 20, (10, 5, 30, 25)),
        (50, 40, 50, 16, (0, 7.5, 50, 40)),
        (33, 120, 20, 11, (2.5, 10.25, 31, 119.5)),  # vertical pass first
    ]
    for seed, (width, height, new_width, new_height, box) in enumerate(shapes, 1):
        for name, resampling in FILTERS.items():
            resized = noise(width, height, seed).resize((new_width, new_height), resampling, box)
            yield {"in": [width, height], "seed": seed, "filter": name, "box": box, **result_of(resized)}


def evaluation_cases():
    """open_clip's and torchvision's Resize and CenterCrop."""
    for seed, (width, height, size) in enumerate([(50, 33, 16), (33, 50, 17), (64, 64, 32), (20, 61, 24), (200, 3, 8)], 100):
        image = noise(width, height, seed)
        for name, resampling in FILTERS.items():
            squashed = image.resize((size, size), resampling)
            yield {"in": [width, height], "seed": seed, "filter": name, "mode": "squash", **result_of(squashed)}
            if width <= height:
                resized = image.resize((size, int(size * height / width)), resampling)
            else:
                resized = image.resize((int(size * width / height), size), resampling)
            left, top = int(round((resized.width - size) / 2.0)), int(round((resized.height - size) / 2.0))
            cropped = resized.crop((left, top, left + size, top + size))
            yield {"in": [width, height], "seed": seed, "filter": name, "mode": "shortest", **result_of(cropped)}


def turn_hue(image, shift):
    """torchvision's adjust_hue on a Pillow picture."""
    hue, saturation, value = image.convert("HSV").split()
    hue = hue.point([(i + int(shift * 255)) % 256 for i in range(256)])
    return Image.merge("HSV", (hue, saturation, value)).convert("RGB")


def color_cases():
    image = noise(60, 60, 200)
    changes = {
        "brightness": (lambda f: ImageEnhance.Brightness(image).enhance(f), (0.0, 0.6, 1.0, 1.4)),
        "contrast": (lambda f: ImageEnhance.Contrast(image).enhance(f), (0.0, 0.6, 1.0, 1.4)),
        "saturation": (lambda f: ImageEnhance.Color(image).enhance(f), (0.0, 0.6, 1.0, 1.4)),
        "hue": (lambda f: turn_hue(image, f), (0.0, 0.1, -0.1, 0.5, -0.5)),
        "gray": (lambda f: image.convert("L").convert("RGB"), (0.0,)),
    }
    for name, (change, factors) in changes.items():
        for factor in factors:
            yield {"in": [60, 60], "seed": 200, "change": name, "factor": factor, **result_of(change(factor))}


def png(width, height, depth, color_type, rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture_files():
    image = noise(5, 4, 300).resize((19, 13), Image.Resampling.BICUBIC)
    alpha = noise(19, 13, 301).getchannel("R")
    with_alpha, gray_alpha = image.copy(), image.convert("L")
    with_alpha.putalpha(alpha)
    gray_alpha.putalpha(alpha)
    upright = image.getexif()
    upright[0x0112] = 6
    stream = numbers(302)
    rows_16 = [bytes(next(stream) for _ in range(9 * 6)) for _ in range(4)]
    yield "palette.png", saved(image.quantize(7), "PNG")
    yield "palette_alpha.png", saved(image.quantize(7), "PNG", transparency=bytes([0, 90, 255]))
    yield "bilevel.png", saved(image.convert("1"), "PNG")
    yield "gray.png", saved(image.convert("L"), "PNG")
    yield "gray_alpha.png", saved(gray_alpha, "PNG")
    yield "rgba.png", saved(with_alpha, "PNG")
    yield "rgb_16.png", png(9, 4, 16, 2, rows_16)
    yield "gray_alpha_16.png", png(9, 4, 16, 4, [row[:36] for row in rows_16])
    yield "rgba_animated.png", saved(with_alpha, "PNG", save_all=True, append_images=[with_alpha.rotate(180)])
    yield "rgb.jpg", saved(image, "JPEG", quality=80)
    yield "progressive.jpg", saved(image, "JPEG", quality=80, progressive=True, subsampling=1)
    yield "gray.jpg", saved(image.convert("L"), "JPEG", quality=80)
    yield "cmyk.jpg", saved(image.convert("CMYK"), "JPEG", quality=80)
    yield "turned.jpg", saved(image, "JPEG", quality=80, exif=upright)
    yield "turned.png", saved(image, "PNG", exif=upright)
    yield "turned.webp", saved(image, "WEBP", lossless=True, exif=upright)
    yield "lossless.webp", saved(with_alpha, "WEBP", lossless=True, exact=True)
    yield "lossy.webp", saved(image, "WEBP", quality=80)
    yield "palette.bmp", saved(image.quantize(7), "BMP")
    yield "rgb.bmp", saved(image, "BMP")


def decode_cases(folder):
    folder.mkdir(exist_ok=True)
    for name, content in picture_files():
        (folder / name).write_bytes(content)
        image = Image.open(io.BytesIO(content))
        yield {"file": name, "exif": "ignore", **result_of(image)}
        yield {"file": name, "exif": "apply", **result_of(ImageOps.exif_transpose(image))}
    # Pillow cuts 16-bit gray at 255; ours keeps the high byte, as Pillow does for every other 16-bit picture.
    stream = numbers(303)
    rows = [bytes(next(stream) for _ in range(18)) for _ in range(4)]
    (folder / "gray_16.png").write_bytes(png(9, 4, 16, 0, rows))
    high = Image.frombytes("L", (9, 4), b"".join(row[::2] for row in rows))
    yield {"file": "gray_16.png", "exif": "ignore", **result_of(high)}


def main():
    if int(PIL.__version__.split(".")[0]) < 13:
        raise SystemExit(f"needs Pillow 13 or newer, found {PIL.__version__}")
    GOLDEN.mkdir(parents=True, exist_ok=True)
    golden = {
        "made_by": "scripts/make_golden_images.py",
        "versions": {name: features.version(name) for name in ("pil", "libjpeg_turbo", "webp", "zlib")},
        "resize": list(resize_cases()),
        "evaluation": list(evaluation_cases()),
        "color": list(color_cases()),
        "decode": list(decode_cases(GOLDEN / "images")),
    }
    lines = []
    for key, value in golden.items():
        if isinstance(value, list):
            body = ",\n".join(json.dumps(case) for case in value)
            lines.append(f"{json.dumps(key)}: [\n{body}\n]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    (GOLDEN / "images.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
