#!/usr/bin/env python3
"""Writes tests/golden/towers/<name>/: one tower of CLIP or SigLIP alone, as transformers saves it, and what it gives.

    scripts/make_golden_towers.py

Needs torch, transformers and safetensors; the reference file's metadata says which. Each folder holds config.json,
model.safetensors and reference.safetensors with in.pixels or in.ids and in.cu_seqlens, and out.text_embeddings or
out.image_embeddings: the projected embeddings, or the pooled output of a tower without a projection. Weights follow from a seed;
nothing is downloaded.
"""
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "towers"
LENGTH = 7
BLOCKS = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12)
VISION = dict(image_size=10, patch_size=5, **BLOCKS)
TEXT = dict(vocab_size=23, max_position_embeddings=LENGTH, pad_token_id=1, bos_token_id=20, eos_token_id=22, **BLOCKS)
TOWERS = {
    "clip_vision": lambda: hf.CLIPVisionModel(hf.CLIPVisionConfig(**VISION)),
    "clip_vision_projected": lambda: hf.CLIPVisionModelWithProjection(hf.CLIPVisionConfig(projection_dim=6, **VISION)),
    "clip_text": lambda: hf.CLIPTextModel(hf.CLIPTextConfig(**TEXT)),
    "clip_text_projected": lambda: hf.CLIPTextModelWithProjection(hf.CLIPTextConfig(projection_dim=6, **TEXT)),
    "siglip_vision": lambda: hf.SiglipVisionModel(hf.SiglipVisionConfig(**VISION)),
    "siglip_text": lambda: hf.SiglipTextModel(hf.SiglipTextConfig(projection_size=6, **TEXT)),
}


def make(name, generator):
    model = TOWERS[name]().eval()
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * (0.3 if parameter.dim() < 2 else parameter.shape[-1] ** -0.5)
    folder = FOLDER / name
    model.save_pretrained(folder)
    if "vision" in name:
        pixels = torch.randn(3, 3, 10, 10, generator=generator)
        out, content = model(pixel_values=pixels), {"in.pixels": pixels}
    else:
        batch = [[20, 3, 22], [20, 5, 6, 7, 8, 22], [20, 22]]
        full = torch.full((3, LENGTH), 1)
        for row, ids in enumerate(batch):
            full[row, :len(ids)] = torch.tensor(ids)
        out = model(input_ids=full)
        bounds = torch.tensor([0] + [len(ids) for ids in batch]).cumsum(0).int()
        content = {"in.ids": torch.tensor(sum(batch, [])), "in.cu_seqlens": bounds}
    tower = "image" if "vision" in name else "text"
    projected = out.get("image_embeds", out.get("text_embeds"))
    content[f"out.{tower}_embeddings"] = (out.pooler_output if projected is None else projected).detach()
    save_file(content, folder / "reference.safetensors", dict(torch=torch.__version__, transformers=hf.__version__))


def main():
    generator = torch.Generator().manual_seed(3)
    for name in TOWERS:
        make(name, generator)


if __name__ == "__main__":
    main()
