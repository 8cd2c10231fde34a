#!/usr/bin/env python3
"""Checks that exported models give the embeddings of clip-embed in transformers and open_clip, pictures and strings in.

    scripts/verify_export.py BIN --model DIR --export DIR     one model and what clip-convert made of it
    scripts/verify_export.py BIN --models all|NAME,NAME       models of every kind: trained for two steps, exported, read
                                                              back, and compared; prints a table

BIN holds the programs (build/release/bin). A model is opened as a user opens it: AutoModel, AutoImageProcessor and
AutoTokenizer, or open_clip.create_model_and_transforms and get_tokenizer. Every row of embeddings must have 1 - cos of at
most 1e-5, and every text the ids of clip-tokenizer. Needs torch, transformers, open_clip_torch, Pillow and safetensors;
nothing is downloaded. Ends with 1 on a difference, with 77 where a package is missing.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import command_line

command_line.begin(__name__, __doc__)
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
try:
    import numpy as np
    import torch
    import transformers
    from PIL import Image
    from safetensors.torch import load_file, save_file
except ImportError as error:
    print(f"verify_export: skipped, {error}")
    sys.exit(77)
try:
    import open_clip
except ImportError:
    open_clip = None

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKENIZERS = ROOT / "tests" / "golden" / "tokens"
TOLERANCE = 1e-5
TEXTS = ["a red circle", "A big BLUE square, left of a green triangle.", "x", "it's 7:30 & sunny (3 dogs)", "<s> is not a token",
         "Zwei Hunde laufen über die Straße", "naïve café", "一只猫坐在桌子上", "Привет мир", "two_words and 1234567",
         "a circle " * 30]
# open_clip joins white space before it tokenises.
UNTIDY = ["  two  spaces\tand a tab ", "no\u00a0break\u3000wide"]


def run(*arguments, allowed=(0,), stdin=None):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, input=stdin)
    if result.returncode not in allowed:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {result.returncode}\n{result.stderr}{result.stdout}")
    return result


def draw_pictures(folder):
    """Small pictures of several shapes and kinds, the last ones of even and odd surplus when they are cropped."""
    folder.mkdir()
    random = np.random.default_rng(7)
    for index, (width, height) in enumerate([(48, 48), (32, 32), (61, 40), (40, 63), (97, 35), (33, 90)]):
        rough = Image.fromarray(random.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        rough.resize((width, height), Image.BICUBIC).save(folder / f"{index}.png")
    Image.open(folder / "2.png").convert("L").save(folder / "gray.png")
    Image.open(folder / "3.png").convert("P").save(folder / "palette.png")
    return sorted(folder.glob("*.png"))


class Ours:
    """What Tandem's programs make of the pictures and texts."""

    def __init__(self, binary, model, pictures, texts, scratch):
        config = json.loads((model / "config.json").read_text())["model"]
        out, texts_file = scratch / "embeddings", scratch / "texts.txt"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        texts_file.write_text("".join(text.replace("\n", " ") + "\n" for text in texts))
        if config["towers"] != "text":
            run(binary / "clip-embed", "--model", model, "--output", out / "images", "--dtype", "float32", "--images", *pictures)
        if config["towers"] != "image":
            run(binary / "clip-embed", "--model", model, "--output", out / "texts", "--dtype", "float32", "--texts", texts_file)
        load = lambda folder, name: torch.from_numpy(np.load(folder / name / f"{name}_0.npy")) if folder.exists() else None
        self.images, self.texts = load(out / "images", "img_emb"), load(out / "texts", "text_emb")
        self.context_length = config["text"]["context_length"]
        self.ids = None
        if config["towers"] != "image":
            tokenizer = model / "tokenizer.model"
            lines = run(binary / "clip-tokenizer", "encode", "--tokenizer", tokenizer if tokenizer.exists() else model,
                        "--context-length", self.context_length, stdin=texts_file.read_text()).stdout.splitlines()
            self.ids = [json.loads(line) for line in lines]


def distance(ours, theirs):
    """The largest 1 - cos over the rows, and the largest difference in length."""
    ours, theirs = ours.double(), theirs.double()
    lengths = (ours.norm(dim=-1) / theirs.norm(dim=-1) - 1).abs().max()
    return max((1 - torch.nn.functional.cosine_similarity(ours, theirs)).max().item(), lengths.item())


def padded(ids, length, pad):
    return [row + [pad] * (length - len(row)) for row in ids]


def check_ids(ours, batch, pad):
    for row, theirs in zip(padded(ours.ids, ours.context_length, pad), batch):
        if row != theirs:
            raise RuntimeError(f"other ids: {row} here, {theirs} there")


def in_transformers(folder, ours, pictures, texts):
    """Embeddings by the folder's own classes; raises when a text gets other ids."""
    transformers.utils.logging.set_verbosity_error()
    model = transformers.AutoModel.from_pretrained(folder, trust_remote_code=True).eval()
    type_ = type(model).__name__
    images = words = None
    if ours.images is not None:
        options = {"backend": "pil"} if int(transformers.__version__.split(".")[0]) >= 5 else {"use_fast": False}
        processor = transformers.AutoImageProcessor.from_pretrained(folder, trust_remote_code=True, **options)
        pixels = processor([Image.open(each) for each in pictures], return_tensors="pt")["pixel_values"]
        images = features(model.get_image_features(pixel_values=pixels))
    if ours.texts is not None:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        whole = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
        check_ids(ours, whole["input_ids"].tolist(), tokenizer.pad_token_id)
        fills = type_ == "SiglipModel"
        batch = whole if fills else tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        inputs = {"input_ids": batch["input_ids"]} if fills else {k: batch[k] for k in ("input_ids", "attention_mask")}
        words = features(model.get_text_features(**inputs))
    if images is not None and words is not None:
        processor = transformers.AutoProcessor.from_pretrained(folder, trust_remote_code=True)
        both = processor(text=texts[:2], images=[Image.open(each) for each in pictures[:2]], padding="max_length",
                         truncation=True, return_tensors="pt")
        both.pop("token_type_ids", None)
        logits = model(**both).logits_per_image
        if tuple(logits.shape) != (2, 2):
            raise RuntimeError(f"AutoProcessor and forward give logits of {tuple(logits.shape)}")
    return images, words, type_


def features(out):
    """transformers 5 returns an object with the projected embedding in it."""
    return out if isinstance(out, torch.Tensor) else out.pooler_output


def in_open_clip(folder, ours, pictures, texts):
    before = os.getcwd()
    os.chdir(folder)  # a Hugging Face text tower is named by a path relative to the model
    try:
        model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    finally:
        os.chdir(before)
    batch = tokenizer(texts)
    check_ids(ours, batch.tolist(), batch[2, -1].item())
    model.eval()
    pixels = torch.stack([transform(Image.open(each)) for each in pictures])
    return model.encode_image(pixels, normalize=True), model.encode_text(batch, normalize=True), type(model).__name__


def unit(x):
    return None if x is None else torch.nn.functional.normalize(x, dim=-1)


def comparable(pictures, is_open_clip):
    """open_clip resizes a palette before it converts to RGB; these models, and the training of them, do so after."""
    return [each for each in pictures if not (is_open_clip and each.stem == "palette")]


def verify(binary, model, export, scratch):
    """Returns the class that opened the export and the worst distance of pictures and of texts."""
    pictures = sorted((scratch / "pictures").glob("*.png")) or draw_pictures(scratch / "pictures")
    is_open_clip = (export / "open_clip_config.json").exists()
    pictures = comparable(pictures, is_open_clip)
    texts = TEXTS if is_open_clip else TEXTS + UNTIDY
    ours = Ours(binary, model, pictures, texts, scratch)
    with torch.no_grad():
        images, words, name = (in_open_clip if is_open_clip else in_transformers)(export, ours, pictures, texts)
    if name != "TandemModel":  # those return features before the unit norm
        images, words = unit(images), unit(words)
    return (name, None if images is None else distance(ours.images, images),
            None if words is None else distance(ours.texts, words))


def text(**fields):
    return {"model": {"text": fields}}


CLIP_TEXT = dict(norm_order="pre", causal=True, position_style="absolute", type_vocab_size=0, embedding_norm=False,
                 final_norm=True)
CLIP_IMAGE = dict(pre_norm=True, patch_bias=False, pool="cls")
MATRIX = dict(kind="linear", bias=False)
# name: (configuration on top of BASE, or a file of configs/; tokenizer of tests/golden/tokens or "")
MODELS = {
    "quickstart": ({"file": "quickstart.json"}, ""),
    "stamps": ({"file": "stamps.json"}, ""),
    "recommended": ({"file": "vit_b16_roberta_base.json"}, ""),
    "article": ({"file": "article.json"}, ""),
    "clip_eot": ({"text": {**CLIP_TEXT, "pool": "eot", "activation": "quick_gelu"}, "image": CLIP_IMAGE, "projector": MATRIX},
                 "spm_xlmr"),
    "siglip": ({"text": {**CLIP_TEXT, "causal": False, "pool": "last", "pad_to_context": True, "activation": "gelu_tanh"},
                "image": {"class_token": False, "pool": "map", "activation": "gelu_tanh"}, "embed_dim": 32,
                "text_projector": {"kind": "linear"}, "image_projector": {"kind": "none"}, "logit_bias": True,
                "resize_mode": "squash", "loss": "sigmoid"}, ""),
    "dual_vit_roberta": ({"text": {"pool": "pooler"}, "image": {"pool": "pooler"}, "projector": MATRIX, "resize_mode": "squash"},
                         "roberta"),
    "dual_clip_bert": ({"text": {"pool": "pooler", "position_style": "absolute", "type_vocab_size": 2}, "image": CLIP_IMAGE,
                        "projector": MATRIX, "resize_mode": "squash"}, "bert"),
    "mlp_cls_bpe": ({"text": {"pool": "cls", "activation": "gelu_tanh"}, "image": {"pool": "map"}, "projector": {"kind": "mlp"},
                     "resize_mode": "longest", "train_model": "bpe"}, ""),
    "pooler_mean_lanczos": ({"text": {"pool": "pooler", "activation": "quick_gelu"},
                             "image": {"pool": "mean", "class_token": False, "final_norm": False},
                             "interpolation": "lanczos", "crop_pct": 0.875, "lowercase": True}, ""),
    "last_none_nearest": ({"text": {"pool": "last", "norm_order": "pre"}, "image": {"pool": "mean"}, "embed_dim": 32,
                           "projector": {"kind": "none"}, "interpolation": "nearest", "normalize_features": True}, "xlmr"),
    "open_clip_hf": ({"text": {"pool": "mean"}, "image": {**CLIP_IMAGE, "pool": "mean"}, "projector": MATRIX,
                      "text_projector": {"kind": "mlp", "bias": False}}, ""),
    "open_clip_bias": ({"text": {**CLIP_TEXT, "pool": "eot"}, "image": CLIP_IMAGE, "image_projector": MATRIX,
                        "text_projector": {"kind": "linear"}, "resize_mode": "longest"}, "spm_xlmr"),
    "pre_mean_eot_bias": ({"text": {"pool": "eot", "norm_order": "pre", "final_norm": True}, "image": {"pool": "pooler"},
                           "logit_bias": True, "crop_pct": 0.9, "resize_mode": "squash"}, "xlmr"),
    "text_alone": ({"tower": "text", "text": {"pool": "mean"}}, ""),
    "image_alone": ({"tower": "image", "image": {"pool": "cls"}}, ""),
}


def configuration(spec, tokenizer):
    if "file" in spec:
        config = json.loads((ROOT / "configs" / spec["file"]).read_text())
        for name, fields in (("text", {"context_length": 32}), ("image", {"image_size": 32, "patch_size": 8})):
            config["model"][name].update({**fields, "width": 32, "layers": 2, "heads": 2, "mlp_width": 48})
    else:
        config = {"model": {"text": {"context_length": 24}, "image": {"image_size": 32, "patch_size": 8}}, "data": {"transform": {}},
                  "tokenizer": {}, "loss": {}}
        for name in ("text", "image"):
            config["model"][name].update({"width": 32, "layers": 2, "heads": 2, **spec.get(name, {})})
        for name in ("projector", "text_projector", "image_projector", "logit_bias", "normalize_features"):
            if name in spec:
                config["model"][name] = spec[name]
        config["model"]["embed_dim"] = spec.get("embed_dim", 24)
        for name in ("resize_mode", "interpolation", "crop_pct", "crop_offset"):
            if name in spec:
                config["data"]["transform"][name] = spec[name]
        if spec.get("loss"):
            config["loss"]["kind"] = spec["loss"]
    config["tokenizer"]["train_vocab_size"] = 300
    for name in ("train_model", "lowercase"):
        if name in spec:
            config["tokenizer"][name] = spec[name]
    if tokenizer:
        config["tokenizer"] = {"file": str(TOKENIZERS / tokenizer)}
    config["data"].update({"train": {"kind": "shapes", "shapes": {"count": 400}}, "batch_size": 8})
    config.update({"train": {"max_steps": 2}, "optim": {"lr": 1e-3}})
    return config


def make_model(binary, name, scratch):
    """Trains for two steps; a tower alone is cut out of such a model, as it cannot be trained."""
    spec, tokenizer = MODELS[name]
    config = configuration(spec, tokenizer)
    config["run"] = {"name": name, "output_dir": str(scratch / "runs")}
    file = scratch / f"{name}.json"
    file.write_text(json.dumps(config))
    told = run(binary / "clip-train", "--config", file).stderr
    if "can be exported to hf" not in told:
        raise RuntimeError(f"clip-train does not say what {name} can be exported to: {told}")
    model = scratch / "runs" / name / "model"
    if "tower" in spec:
        config = json.loads((model / "config.json").read_text())
        config["model"]["towers"] = spec["tower"]
        (model / "config.json").write_text(json.dumps(config))
        tensors = load_file(model / "model.safetensors")
        kept = {k: v for k, v in tensors.items() if k == "logit_scale" or k.startswith((spec["tower"] + ".", spec["tower"] + "_"))}
        save_file(kept, model / "model.safetensors")
        (model / "golden.safetensors").unlink()
    return model


def shown(value):
    return "" if value is None else f"{value:.1e}"


def check_model(binary, name, scratch):
    """Exports to both formats and back, prints the table's rows, and returns whether all are close enough."""
    model, good = make_model(binary, name, scratch), True
    for target in ("hf", "open_clip"):
        export = scratch / "exports" / name / target
        export.parent.mkdir(parents=True, exist_ok=True)
        result = run(binary / "clip-convert", "--from", "tandem", "--to", target, "--input", model, "--output", export, "--verify",
                     allowed=(0, 78) if target == "open_clip" else (0,))
        if result.returncode == 78:
            reason = result.stderr.split("these values: ")[-1].split("\n")[0].split("; found")[0]
            print(f"| {name} | {target} | refused: {reason[:150]} | | | |", flush=True)
            continue
        if target == "open_clip" and open_clip is None:
            continue
        opened, images, words = verify(binary, model, export, scratch)
        back = scratch / "exports" / name / f"back_{target}"
        run(binary / "clip-convert", "--from", target, "--to", "tandem", "--input", export, "--output", back)
        _, images_back, words_back = compare_ours(binary, model, back, scratch, target == "open_clip")
        values = [each for each in (images, words, images_back, words_back) if each is not None]
        fine = max(values) <= TOLERANCE
        good &= fine
        returned = max(each for each in (images_back, words_back) if each is not None)
        print(f"| {name} | {target} | {opened} | {shown(images)} | {shown(words)} | {shown(returned)} |{'' if fine else ' TOO MUCH'}",
              flush=True)
    return good


def compare_ours(binary, model, other, scratch, is_open_clip):
    pictures = comparable(sorted((scratch / "pictures").glob("*.png")), is_open_clip)
    first, second = (Ours(binary, each, pictures, TEXTS, scratch) for each in (model, other))
    pair = lambda a, b: None if a is None else distance(a, b)
    return "", pair(first.images, second.images), pair(first.texts, second.texts)


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--export", type=pathlib.Path)
    parser.add_argument("--models")
    arguments = parser.parse_args()
    binary, good = arguments.bin.resolve(), True
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    print(versions + (f", open_clip {open_clip.__version__}" if open_clip else ", no open_clip"))
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        if arguments.models:
            print("| model | to | opened as | pictures | texts | and back |\n|---|---|---|---|---|---|")
            for each in MODELS if arguments.models == "all" else arguments.models.split(","):
                good &= check_model(binary, each, scratch)
        else:
            opened, images, words = verify(binary, arguments.model.resolve(), arguments.export.resolve(), scratch)
            good = max(each for each in (images, words) if each is not None) <= TOLERANCE
            print(f"{opened}: pictures {shown(images)}, texts {shown(words)}{'' if good else ' TOO MUCH'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
