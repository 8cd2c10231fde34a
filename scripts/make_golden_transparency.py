#!/usr/bin/env python3
"""Writes tests/golden/transparency.json and tests/golden/transparency/*: transparent pictures on a background.

White is what transformers' convert_to_rgb gives, drop is Pillow's convert("RGB"), a colour is Pillow's
alpha_composite. Needs Pillow 13 and transformers 5.

    python3 scripts/make_golden_transparency.py
"""

import io
import json
import struct
import zlib

import command_line

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
import PIL  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402
from transformers.image_transforms import convert_to_rgb  # noqa: E402

from make_golden_images import GOLDEN, fnv_1a, noise, numbers, saved  # noqa: E402

FOLDER = GOLDEN / "transparency"
SIZE = (19, 13)


def png(width, height, depth, color_type, rows, chunks=()):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    lines = b"".join(b"\0" + row for row in rows)
    between = b"".join(chunk(*each) for each in chunks)
    body = chunk(b"IHDR", header) + between + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bmp_with_alpha(image):
    """BITMAPV4HEADER with a mask for alpha, rows upwards."""
    rows = numpy.asarray(image)[::-1, :, [2, 1, 0, 3]].tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, *image.size, 1, 32, 3, len(rows), 0, 0, 0, 0) + masks
    header += b"BGRs" + bytes(108 - len(header) - 4)
    return b"BM" + struct.pack("<IHHI", 14 + 108 + len(rows), 0, 0, 14 + 108) + header + rows


def random_rows(seed, count, length):
    stream = numbers(seed)
    return [bytes(next(stream) for _ in range(length)) for _ in range(count)]


def picture_files():
    image = noise(5, 4, 400).resize(SIZE, Image.Resampling.BICUBIC)
    alpha = noise(*SIZE, 401).getchannel("R").point(lambda v: 0 if v < 50 else 255 if v > 200 else v)
    rgba, gray_alpha = image.copy(), image.convert("L")
    rgba.putalpha(alpha)
    gray_alpha.putalpha(alpha)
    opaque = image.copy()
    opaque.putalpha(255)
    palette = (b"PLTE", bytes(range(10, 250, 5)))
    two_bits = random_rows(402, 9, 4)
    four_bits = random_rows(403, 9, 8)
    few = [bytes(v % 16 for v in row) for row in random_rows(404, 9, 15)]
    key = image.getpixel((3, 4))
    yield "rgba.png", saved(rgba, "PNG")
    yield "gray_alpha.png", saved(gray_alpha, "PNG")
    yield "opaque.png", saved(opaque, "PNG")
    yield "rgba_16.png", png(9, 9, 16, 6, random_rows(405, 9, 72))
    yield "gray_alpha_16.png", png(9, 9, 16, 4, random_rows(406, 9, 36))
    yield "palette_8.png", png(15, 9, 8, 3, few, [palette, (b"tRNS", bytes(range(0, 160, 11)))])
    yield "palette_4.png", png(16, 9, 4, 3, four_bits, [palette, (b"tRNS", bytes([200, 0, 0, 7, 255, 128]))])
    yield "palette_2.png", png(16, 9, 2, 3, two_bits, [(b"PLTE", palette[1][:12]), (b"tRNS", bytes([9, 255, 0, 77]))])
    yield "palette_1.png", png(32, 9, 1, 3, two_bits, [(b"PLTE", palette[1][:6]), (b"tRNS", bytes([0]))])
    yield "palette_one_clear.png", saved(image.quantize(7), "PNG", transparency=2)
    yield "palette_long.png", png(15, 9, 8, 3, few, [palette, (b"tRNS", bytes(range(100)))])
    yield "rgb_key.png", saved(image, "PNG", transparency=key)
    yield "rgb_16_key.png", png(4, 9, 16, 2, [row[:24] for row in [bytes([v] * 24) for v in range(9)]],
                                [(b"tRNS", struct.pack(">HHH", 0x0505, 0x0505, 0x0505))])
    yield "gray_key.png", saved(image.convert("L"), "PNG", transparency=image.convert("L").getpixel((5, 5)))
    yield "gray_4_key.png", png(16, 9, 4, 0, four_bits, [(b"tRNS", struct.pack(">H", 5))])
    yield "gray_4_zero_key.png", png(16, 9, 4, 0, four_bits, [(b"tRNS", struct.pack(">H", 0))])
    yield "bilevel_key.png", png(32, 9, 1, 0, two_bits, [(b"tRNS", struct.pack(">H", 1))])
    yield "animated.png", saved(rgba, "PNG", save_all=True, append_images=[rgba.rotate(180)])
    yield "lossless.webp", saved(rgba, "WEBP", lossless=True, exact=True)
    yield "lossless_not_exact.webp", saved(rgba, "WEBP", lossless=True)
    yield "lossy.webp", saved(rgba, "WEBP", quality=80)
    yield "opaque.webp", saved(opaque, "WEBP", quality=80)
    yield "rgba.bmp", bmp_with_alpha(rgba)


def is_transparent(image):
    return image.convert("RGBA").getchannel("A").getextrema()[0] < 255


def on(image, background):
    if background == "drop":
        return image.convert("RGB")
    if background == "white":
        return Image.fromarray(convert_to_rgb(image, return_numpy=True))
    color = tuple(bytes.fromhex(background[1:])) if background.startswith("#") else (0, 0, 0)
    ground = Image.new("RGBA", image.size, (*color, 255))
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


def result_of(image):
    data = image.tobytes()
    return {"size": list(image.size), "hash": fnv_1a(data), "head": list(data[:12])}


def cases():
    FOLDER.mkdir(exist_ok=True)
    for name, content in picture_files():
        (FOLDER / name).write_bytes(content)
        for background in ("drop", "white", "black", "#3366c8"):
            image = Image.open(io.BytesIO(content))
            flat = on(image, background)
            small = flat.resize((8, 8), Image.Resampling.BICUBIC)
            yield {"file": name, "background": background, "transparent": is_transparent(image), **result_of(flat),
                   "resized": result_of(small)}


def write_golden(name, versions, golden_cases):
    """Writes tests/golden/<name>.json, one case a line; scripts/make_golden_<name>.py is what calls this."""
    lines = ",\n".join(json.dumps(case) for case in golden_cases)
    head = f'"made_by": "scripts/make_golden_{name}.py",\n"versions": {json.dumps(versions)},\n'
    (GOLDEN / f"{name}.json").write_text("{\n" + head + f'"cases": [\n{lines}\n]\n}}\n')


def main():
    write_golden("transparency", {"pillow": PIL.__version__, "transformers": transformers.__version__}, cases())


if __name__ == "__main__":
    main()
