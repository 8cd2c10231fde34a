#!/usr/bin/env python3
"""Writes tests/golden/interop/<family>/scores.safetensors: how well pictures and texts match, as transformers says it.

    scripts/make_golden_scores.py

Reads the SigLIP models that scripts/make_golden_interop.py has written and the batch of their reference.safetensors; a score
is torch.sigmoid(logits_per_image), as the models' cards say. Needs torch, transformers and safetensors; nothing is downloaded.
"""
import command_line

command_line.begin(__name__, __doc__)
import make_golden_features as features  # noqa: E402
import make_golden_interop as golden  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402


def main():
    torch.set_num_threads(1)
    for name in ("siglip", "siglip2"):
        folder = golden.FOLDER / name
        data = load_file(folder / "reference.safetensors")
        model = hf.SiglipModel.from_pretrained(folder).eval()
        with torch.no_grad():
            out = model(input_ids=features.filled(data, 1), pixel_values=data["in.pixels"])
        values = {"out.image_embeddings": out.image_embeds, "out.text_embeddings": out.text_embeds,
                  "out.scores": torch.sigmoid(out.logits_per_image)}
        save_file({k: v.contiguous() for k, v in values.items()}, folder / "scores.safetensors",
                  dict(torch=torch.__version__, transformers=hf.__version__))


if __name__ == "__main__":
    main()
