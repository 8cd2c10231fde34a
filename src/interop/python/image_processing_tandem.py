"""Images to pixels exactly as Tandem does it, for models whose preprocessing no class of transformers has.

Written by Tandem's clip-convert beside the weights; AutoImageProcessor.from_pretrained(FOLDER, trust_remote_code=True) finds
it. The member `tandem` of preprocessor_config.json is `data.transform` in Tandem's own words (docs/config.md), with the
model's image_size, mean and std.
"""
import math

import numpy as np
from PIL import Image, ImageColor, ImageOps
from transformers.image_processing_utils import BaseImageProcessor, BatchFeature

FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4}


def to_pillow(image):
    """A Pillow image as it is; an array or tensor of 8-bit values, [H, W], [H, W, C] or [C, H, W], becomes one."""
    if isinstance(image, Image.Image):
        return image
    values = np.asarray(image)
    if values.ndim == 3 and values.shape[0] in (1, 3, 4) and values.shape[-1] not in (1, 3, 4):
        values = values.transpose(1, 2, 0)
    if values.dtype != np.uint8:
        raise ValueError(f"images are Pillow's or 8-bit arrays, not {values.dtype}")
    return Image.fromarray(values.squeeze(-1) if values.ndim == 3 and values.shape[-1] == 1 else values)


def to_list(images):
    if isinstance(images, Image.Image) or getattr(images, "ndim", 4) < 4:
        if not isinstance(images, (list, tuple)):
            return [images]
    return [each for image in images for each in (to_list(image) if isinstance(image, (list, tuple)) else [image])]


class TandemImageProcessor(BaseImageProcessor):
    model_input_names = ["pixel_values"]

    def __init__(self, tandem=None, image_size=224, image_mean=None, image_std=None, **kwargs):
        super().__init__(**kwargs)
        self.tandem = tandem or {}
        self.image_size = image_size
        self.image_mean = image_mean
        self.image_std = image_std

    def flattened(self, image):
        """Upright, if the model wants it, and without transparency, unless that is dropped after the resize."""
        if self.tandem.get("exif") == "apply":
            image = ImageOps.exif_transpose(image)
        background = self.tandem.get("background", "drop")
        if background == "drop_after_resize":
            return image
        transparent = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
        if background == "drop" or not transparent:
            return image.convert("RGB")
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, ImageColor.getrgb(background) + (255,))
        return Image.alpha_composite(ground, image).convert("RGB")

    def cropped(self, image):
        """image_size x image_size, as Tandem's evaluation_transform."""
        size, mode = self.image_size, self.tandem["resize_mode"]
        resample = FILTERS[self.tandem["interpolation"]]
        resized = math.floor(size / self.tandem["crop_pct"])
        width, height = image.size
        if mode == "longest":
            ratio = max(width, height) / resized
            image = image.resize((round(width / ratio), round(height / ratio)), resample)
        elif mode == "shortest":
            longer = int(resized * max(width, height) / min(width, height))
            image = image.resize((longer, resized) if width > height else (resized, longer), resample)
        else:
            image = image.resize((resized, resized), resample)
        left, top = (self.offset(side - size) for side in image.size)
        return image.crop((left, top, left + size, top + size)).convert("RGB")  # what is outside of the image is black

    def offset(self, surplus):
        if surplus < 0:  # to be filled up, the smaller half first
            return -(-surplus // 2)
        return surplus // 2 if self.tandem["crop_offset"] == "down" and self.tandem["resize_mode"] != "longest" else round(surplus / 2)

    def preprocess(self, images, return_tensors=None, **kwargs):
        mean = np.array(self.image_mean, dtype=np.float32)
        std = np.array(self.image_std, dtype=np.float32)
        pixels = [(np.asarray(self.cropped(self.flattened(to_pillow(image))), dtype=np.float32) / 255 - mean) / std
                  for image in to_list(images)]
        data = {"pixel_values": [np.ascontiguousarray(each.transpose(2, 0, 1), dtype=np.float32) for each in pixels]}
        return BatchFeature(data=data, tensor_type=return_tensors)

    def __call__(self, images, **kwargs):
        return self.preprocess(images, **kwargs)
