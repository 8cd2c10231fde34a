#!/usr/bin/env python3
"""Writes tests/golden/interop/<family>/features.safetensors: what the towers give before the projectors.

    scripts/make_golden_features.py [FAMILY ...]     default: those whose reference.safetensors lacks a tower's features

Needs what scripts/make_golden_interop.py needs. Reads the folders that it has written and changes nothing in them: the models
are loaded with the weights there, take the batch of reference.safetensors, and lose their projections. Nothing is downloaded.
"""
import os
import sys

import command_line

command_line.begin(__name__, __doc__)
import make_golden_interop as golden  # noqa: E402
import open_clip  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

FAMILIES = ["siglip", "siglip_uneven", "siglip2", *golden.OPEN_CLIP]


def filled(data, pad):
    """The packed texts as [B, LENGTH], filled with `pad`."""
    bounds = data["in.cu_seqlens"].tolist()
    batch = torch.full((len(bounds) - 1, golden.LENGTH), pad)
    for row, (first, last) in enumerate(zip(bounds, bounds[1:])):
        batch[row, :last - first] = data["in.ids"][first:last]
    return batch


def siglip_features(folder, data):
    model = hf.SiglipModel.from_pretrained(folder).eval()
    model.text_model.head = torch.nn.Identity()
    return model.text_model(input_ids=filled(data, 1)).pooler_output, model.vision_model(data["in.pixels"]).pooler_output


def open_clip_features(folder, data):
    config, tower = golden.OPEN_CLIP[folder.name]
    os.chdir(folder)  # the text tower is named by a path relative to the model
    custom = config.get("custom_text") or tower
    arguments = {k: v for k, v in config.items() if k != "custom_text"}
    model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**arguments).eval()
    model.load_state_dict(load_file(folder / "open_clip_model.safetensors"))
    if tower:
        model.text.proj = torch.nn.Identity()
    elif custom:
        model.text.text_projection = None
    else:
        model.text_projection = None
    if hasattr(model.visual, "proj"):
        model.visual.proj = None
    return model.encode_text(filled(data, 1 if custom else 0)), model.encode_image(data["in.pixels"])


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or FAMILIES:
        folder = golden.FOLDER / name
        data = load_file(folder / "reference.safetensors")
        with torch.no_grad():
            texts, images = (open_clip_features if name in golden.OPEN_CLIP else siglip_features)(folder, data)
        inputs = {k: data[k] for k in ("in.pixels", "in.ids", "in.cu_seqlens")}
        save_file(inputs | {"out.text_features": texts.contiguous(), "out.image_features": images.contiguous()},
                  folder / "features.safetensors",
                  dict(torch=torch.__version__, transformers=hf.__version__, open_clip=open_clip.__version__))
        print(f"{name}: text {list(texts.shape)}, image {list(images.shape)}", flush=True)


if __name__ == "__main__":
    main()
