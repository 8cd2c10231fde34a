"""One picture against ten classes with open_clip, from process start to answer; the weights come from a file."""

import argparse
import os

import open_clip
import torch
from PIL import Image

CLASSES = "cat,dog,horse,bird,fish,flower,house,car,tree,mountain".split(",")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--weights", required=True, help="state dict of ViT-B-32; written with random weights if missing")
    p.add_argument("--image", required=True)
    options = p.parse_args()
    if not os.path.exists(options.weights):
        torch.save(open_clip.create_model("ViT-B-32", load_weights=False).state_dict(), options.weights)
        Image.effect_noise((500, 375), 80).convert("RGB").save(options.image)
        return
    model, _, transform = open_clip.create_model_and_transforms("ViT-B-32", pretrained=options.weights)
    model.eval()
    with torch.inference_mode():
        image = model.encode_image(transform(Image.open(options.image)).unsqueeze(0), normalize=True)
        texts = open_clip.SimpleTokenizer()([f"a photo of a {name}" for name in CLASSES])
        text = model.encode_text(texts, normalize=True)
        probabilities = (model.logit_scale.exp() * image @ text.t()).softmax(-1)[0]
    print(CLASSES[int(probabilities.argmax())], float(probabilities.max()))


if __name__ == "__main__":
    main()
