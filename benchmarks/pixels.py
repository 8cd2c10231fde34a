#!/usr/bin/env python3
"""Times Tandem's pixels beside Pillow's and open_clip's, one thread each, in one run.

    python3 benchmarks/pixels.py --photos FOLDER [--tool FILE] [--count N] [--rounds N] [--output FILE]

Needs Pillow, numpy, torch and open_clip, and the program tandem_pixels (ninja -C build/release tandem_pixels).
Both sides are timed in turns, by the processor time of their one thread; a figure is the median of the
rounds, for photographs the sum over all of the median of each. Prints a table; --output adds JSON.
"""

import io
import json
import pathlib
import platform
import random
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts"))
import command_line  # noqa: E402

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
import open_clip.transform  # noqa: E402
import PIL  # noqa: E402
import torch  # noqa: E402
from PIL import Image, features  # noqa: E402
from pixels_tool import DEFAULT, PixelsTool  # noqa: E402

FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
}
TURNS = 3  # Each side's rounds are split, so that both see the same machine.


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def seconds_of(work, rounds):
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return times


def compare(tool, case, work, rounds):
    """Returns the median seconds of ours and theirs."""
    ours, theirs = [], []
    tool.seconds(*case)
    work()
    for _ in range(TURNS):
        for _ in range(max(1, rounds // TURNS)):
            ours += tool.seconds(*case)
        theirs += seconds_of(work, max(1, rounds // TURNS))
    return statistics.median(ours), statistics.median(theirs)


def resize_rows(tool, rounds, folder):
    noise = numpy.random.default_rng(1).integers(0, 256, (480, 640, 3), numpy.uint8)
    image = Image.fromarray(noise)
    path = folder / "noise.bmp"
    image.save(path)
    for name, number in FILTERS.items():
        ours, theirs = compare(tool, ("resize", path, 224, 224, name), lambda n=number: image.resize((224, 224), n), rounds)
        yield f"resize 640 x 480 to 224 x 224, {name}", "Pillow", ours, theirs


def photo_rows(tool, paths, rounds):
    """Decoding alone, and all from the file's bytes to the tower's input."""
    to_tensor = open_clip.transform.image_transform(224, is_train=False)
    sums = {"decode": [0.0, 0.0], "decode and preprocess": [0.0, 0.0]}
    for path in paths:
        content = path.read_bytes()
        work = {
            "decode": (("decode", path), lambda c=content: Image.open(io.BytesIO(c)).convert("RGB")),
            "decode and preprocess": (("transform", path, 224, "shortest", "bicubic", 1.0),
                                      lambda c=content: to_tensor(Image.open(io.BytesIO(c)))),
        }
        for name, (case, theirs) in work.items():
            for side, value in enumerate(compare(tool, case, theirs, rounds)):
                sums[name][side] += value / len(paths)
    yield f"decode, mean of {len(paths)} photographs", "Pillow", *sums["decode"]
    yield f"decode and preprocess, mean of {len(paths)} photographs", "open_clip", *sums["decode and preprocess"]


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--photos", required=True, help="folder with JPEG photographs")
    parser.add_argument("--tool", default=DEFAULT, help="the program tandem_pixels")
    parser.add_argument("--count", type=int, default=100, help="photographs")
    parser.add_argument("--rounds", type=int, default=60, help="of each resize; a tenth of it of each photograph")
    parser.add_argument("--output", help="file for the figures as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    paths = sorted(path for path in pathlib.Path(arguments.photos).rglob("*")
                   if path.suffix.lower() in (".jpg", ".jpeg"))
    paths = random.Random(1).sample(paths, min(arguments.count, len(paths)))
    tool = PixelsTool(arguments.tool, rounds=1)
    about = {"processor": processor(), "pillow": PIL.__version__, "libjpeg_turbo": features.version("libjpeg_turbo"),
             "open_clip": open_clip.__version__, "torch": torch.__version__}
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'what':56} {'peer':10} {'Tandem ms':>10} {'peer ms':>10} {'ratio':>7}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for what, peer, ours, theirs in [*resize_rows(tool, arguments.rounds, pathlib.Path(folder)),
                                         *photo_rows(tool, paths, max(TURNS, arguments.rounds // 10))]:
            print(f"{what:56} {peer:10} {ours * 1e3:10.3f} {theirs * 1e3:10.3f} {theirs / ours:7.2f}", flush=True)
            rows.append({"what": what, "peer": peer, "tandem_ms": ours * 1e3, "peer_ms": theirs * 1e3,
                         "ratio": theirs / ours})
    if arguments.output:
        pathlib.Path(arguments.output).write_text(json.dumps({**about, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
