"""One picture against ten classes with open_clip's ViT-B-32, from process start to answer.

    cold_start.py FOLDER     the first call writes a model with random weights and a picture there, the others classify
"""

import json
import pathlib
import sys

import open_clip
import torch
from PIL import Image

CLASSES = "cat,dog,horse,bird,fish,flower,house,car,tree,mountain".split(",")
NAME = "ViT-B-32"


def write(folder):
    from safetensors.torch import save_file
    torch.manual_seed(0)
    model = open_clip.create_model(NAME, load_weights=False)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    config = dict(model_cfg=open_clip.get_model_config(NAME), preprocess_cfg={})
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    tokenizer = open_clip.SimpleTokenizer()
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    (folder / "vocab.json").write_text(json.dumps({names.get(k, k): v for k, v in tokenizer.encoder.items()}))
    merges = sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.get)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    Image.effect_noise((500, 375), 80).convert("RGB").save(folder / "picture.png")


def main():
    folder = pathlib.Path(sys.argv[1])
    weights = folder / "open_clip_model.safetensors"
    if not weights.exists():
        return write(folder)
    model, _, transform = open_clip.create_model_and_transforms(NAME, pretrained=str(weights))
    model.eval()
    with torch.inference_mode():
        image = model.encode_image(transform(Image.open(folder / "picture.png")).unsqueeze(0), normalize=True)
        texts = open_clip.SimpleTokenizer()([f"a photo of a {name}" for name in CLASSES])
        text = model.encode_text(texts, normalize=True)
        probabilities = (model.logit_scale.exp() * image @ text.t()).softmax(-1)[0]
    print(CLASSES[int(probabilities.argmax())], float(probabilities.max()))


if __name__ == "__main__":
    main()
