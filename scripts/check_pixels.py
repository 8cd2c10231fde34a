#!/usr/bin/env python3
"""Compares Tandem's pixels with Pillow's, torchvision's, open_clip's and timm's, value for value.

    python3 scripts/check_pixels.py --photos FOLDER [--tool FILE] [--cases N] [--count N] [--seed N]

Needs Pillow 13 or newer, numpy, torchvision, open_clip and timm, and the program tandem_pixels
(ninja -C build/release tandem_pixels). Prints one line per stage: pictures, values compared, values that
differ, the worst difference. Ends with status 1 when a stage that must be equal is not.
"""

import pathlib
import random
import sys
import tempfile

import command_line

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
import open_clip.transform  # noqa: E402
import PIL  # noqa: E402
import timm.data  # noqa: E402
import torch  # noqa: E402
from PIL import Image, features  # noqa: E402
from pixels_tool import DEFAULT, PixelsTool  # noqa: E402

FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}


class Stage:
    """Counts what differs in one stage of the comparison."""

    def __init__(self, name, must_be_equal=True):
        self.name, self.must_be_equal = name, must_be_equal
        self.pictures = self.values = self.differing = self.worst = 0

    def add(self, ours, theirs, about):
        theirs = numpy.asarray(theirs)
        if ours.shape != theirs.shape:
            raise SystemExit(f"{self.name}: {about}: shape {ours.shape}, expected {theirs.shape}")
        distance = numpy.abs(ours.astype(numpy.int16) - theirs)
        differing = int(numpy.count_nonzero(distance))
        if differing and self.must_be_equal and not self.differing:
            print(f"{self.name}: {about}: {differing} values differ, worst {distance.max()}", file=sys.stderr)
        self.pictures += 1
        self.values += distance.size
        self.differing += differing
        self.worst = max(self.worst, int(distance.max()))

    def report(self):
        print(f"{self.name:50} {self.pictures:6} {self.values:12} {self.differing:10} {self.worst:6}", flush=True)
        return self.differing == 0 or not self.must_be_equal


def random_side(numbers, limit):
    return max(1, int(limit ** numbers.uniform(0.0, 1.0))) if numbers.random() < 0.3 else numbers.randint(1, limit)


def random_pictures(numbers, folder, count):
    """Noise and smooth pictures of all shapes, as files without loss."""
    generator = numpy.random.default_rng(numbers.randrange(1 << 32))
    for index in range(count):
        width, height = random_side(numbers, 700), random_side(numbers, 700)
        small = generator.integers(0, 256, (max(1, height // 40), max(1, width // 40), 3), numpy.uint8)
        smooth = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        noise = generator.integers(0, 256, (height, width, 3), numpy.uint8)
        image = smooth if index % 3 == 0 else Image.fromarray(noise)
        path = folder / f"random-{index}.bmp"
        image.save(path)
        yield path, image


def random_box(numbers, image):
    left, right = sorted(numbers.uniform(0, image.width) for _ in range(2))
    top, bottom = sorted(numbers.uniform(0, image.height) for _ in range(2))
    if numbers.random() < 0.3:
        left, top, right, bottom = int(left), int(top), int(right) + 1, int(bottom) + 1
    if right - left < 0.01 or bottom - top < 0.01:
        return None
    return left, top, min(right, image.width), min(bottom, image.height)


def check_random_resizes(tool, numbers, folder, cases):
    stage = Stage("resize, random sizes, filters and boxes")
    pictures = list(random_pictures(numbers, folder, max(1, cases // 10)))
    names = list(FILTERS)
    for index in range(cases):
        path, image = numbers.choice(pictures)
        size = random_side(numbers, 500), random_side(numbers, 500)
        name = names[index % len(names)]
        box = random_box(numbers, image) if numbers.random() < 0.5 else None
        case = ("resize", path, *size, name, *(repr(value) for value in box or ()))
        stage.add(tool.pixels(*case), image.resize(size, FILTERS[name], box=box), case)
    return [stage]


def photos_of(arguments, numbers):
    paths = sorted(path for path in pathlib.Path(arguments.photos).rglob("*")
                   if path.suffix.lower() in (".jpg", ".jpeg"))
    if not paths:
        raise SystemExit(f"no JPEG in {arguments.photos}")
    return numbers.sample(paths, min(arguments.count, len(paths)))


def check_jpeg(tool, paths):
    """libjpeg-turbo's versions may differ: what is counted here is the library's difference, not ours."""
    decode = Stage("decode, JPEG", must_be_equal=False)
    transform = Stage("JPEG file to open_clip's crop, shortest, bicubic", must_be_equal=False)
    to_crop = open_clip_transform("shortest", "bicubic")
    for path in paths:
        image = Image.open(path).convert("RGB")
        decode.add(tool.pixels("decode", path), image, path)
        transform.add(tool.pixels("transform", path, 224, "shortest", "bicubic", 1.0), to_crop(image), path)
    return [decode, transform]


LOSSLESS = [
    ("PNG", "png", {"compress_level": 1}),
    ("BMP", "bmp", {}),
    ("WebP, lossless", "webp", {"lossless": True, "quality": 0, "method": 0}),
    ("WebP, lossy", "webp", {"quality": 80, "method": 0}),
]


def check_other_formats(tool, paths, folder):
    stages = []
    for name, extension, options in LOSSLESS:
        stage = Stage(f"decode, {name}")
        for path in paths[:max(1, len(paths) // 4)]:
            copy = folder / f"copy.{extension}"
            Image.open(path).convert("RGB").save(copy, **options)
            stage.add(tool.pixels("decode", copy), Image.open(copy).convert("RGB"), path)
        stages.append(stage)
    return stages


def before_tensor(compose):
    """The part of a torchvision transform that works on Pillow's pictures."""
    steps = []
    for step in compose.transforms:
        if type(step).__name__ in ("ToTensor", "MaybeToTensor", "PILToTensor"):
            break
        steps.append(step)

    def apply(image):
        for step in steps:
            image = step(image)
        return image

    return apply


def open_clip_transform(mode, interpolation):
    return before_tensor(open_clip.transform.image_transform(
        224, is_train=False, mean=(0.5,) * 3, std=(0.5,) * 3, resize_mode=mode, interpolation=interpolation))


def timm_transform(interpolation, crop_pct, crop_mode="center"):
    return before_tensor(timm.data.create_transform(
        (3, 224, 224), is_training=False, interpolation=interpolation, crop_pct=crop_pct, crop_mode=crop_mode))


# Name, MODE FILTER CROP_PCT of ours, and theirs.
TRANSFORMS = [
    ("open_clip, OpenAI's CLIP: shortest, bicubic", ("shortest", "bicubic", 1.0), open_clip_transform("shortest", "bicubic")),
    ("open_clip, SigLIP: squash, bicubic", ("squash", "bicubic", 1.0), open_clip_transform("squash", "bicubic")),
    ("open_clip: squash, bilinear", ("squash", "bilinear", 1.0), open_clip_transform("squash", "bilinear")),
    ("open_clip: longest, bicubic", ("longest", "bicubic", 1.0), open_clip_transform("longest", "bicubic")),
    ("timm, DINO: crop 0.875, bicubic", ("shortest", "bicubic", 0.875), timm_transform("bicubic", 0.875)),
    ("timm: crop 0.9, bilinear", ("shortest", "bilinear", 0.9), timm_transform("bilinear", 0.9)),
    ("timm: squash, crop 0.95, bicubic", ("squash", "bicubic", 0.95), timm_transform("bicubic", 0.95, "squash")),
]


def check_photos(tool, paths, folder):
    """Resizes and whole transforms, of the same pixels: the photographs as BMP."""
    resizes = [Stage(f"resize, photographs to 224 x 224, {name}") for name in FILTERS]
    transforms = [Stage(f"transform, {name}") for name, _, _ in TRANSFORMS]
    for path in paths:
        image = Image.open(path).convert("RGB")
        copy = folder / "photo.bmp"
        image.save(copy)
        for stage, (name, number) in zip(resizes, FILTERS.items()):
            stage.add(tool.pixels("resize", copy, 224, 224, name), image.resize((224, 224), number), path)
        for stage, (_, ours, theirs) in zip(transforms, TRANSFORMS):
            stage.add(tool.pixels("transform", copy, 224, *ours), theirs(image), path)
    return resizes + transforms


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--photos", required=True, help="folder with JPEG photographs")
    parser.add_argument("--tool", default=DEFAULT, help="the program tandem_pixels")
    parser.add_argument("--cases", type=int, default=2000, help="random resizes")
    parser.add_argument("--count", type=int, default=200, help="photographs")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if int(PIL.__version__.split(".")[0]) < 13:
        raise SystemExit(f"needs Pillow 13 or newer, whose resize this is; found {PIL.__version__}")
    torch.set_num_threads(1)
    numbers = random.Random(arguments.seed)
    tool = PixelsTool(arguments.tool)
    paths = photos_of(arguments, numbers)
    print(f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}, "
          f"WebP {features.version('webp')}, open_clip {open_clip.__version__}, timm {timm.__version__}")
    print(f"{'stage':50} {'images':>6} {'values':>12} {'differing':>10} {'worst':>6}")
    sound = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for check in (lambda: check_random_resizes(tool, numbers, folder, arguments.cases),
                      lambda: check_jpeg(tool, paths),
                      lambda: check_other_formats(tool, paths, folder),
                      lambda: check_photos(tool, paths, folder)):
            sound = all([stage.report() for stage in check()]) and sound
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
