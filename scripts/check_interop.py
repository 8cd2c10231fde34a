#!/usr/bin/env python3
"""Checks clip-convert against transformers and open_clip, in both directions, and prints one line per family.

    scripts/check_interop.py BIN [--minilm DIR] [--open-clip NAME ...]

BIN holds clip-convert (build/release/bin). For each folder of tests/golden/interop the script converts it to
Tandem and back into each format that can hold it, loads the result in transformers or open_clip, and compares embeddings of
the folder's batch with those of the original: at most 1e-5 of the largest value. --minilm DIR takes a directory of the
sentence-transformers model all-MiniLM-L6-v2, converts it, and compares sentence embeddings computed by Tandem with those of
transformers. --open-clip NAME makes the published architecture of that name with random weights and converts it.
Needs torch, transformers, open_clip_torch and safetensors; nothing is downloaded. Ends with 1 on any difference.
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
import open_clip  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "interop"
TOLERANCE = 1e-5
# Where each family can go. SigLIP's tiny vision tower has no name in timm, and Hugging Face has no CLIP with a RoBERTa.
TARGETS = {
    "roberta": ["hf"], "roberta_without_pooler": ["hf"], "xlm_roberta": ["hf"], "bert": ["hf"], "vit": ["hf"],
    "clip_openai": ["hf", "open_clip"], "clip_laion": ["hf", "open_clip"], "siglip": ["hf"], "siglip_uneven": ["hf"], "siglip2": ["hf"],
    "dual_vit_roberta": ["hf"], "dual_vit_xlm_roberta": ["hf"], "dual_clip_bert": ["hf"],
    "open_clip_vit": ["open_clip", "hf"], "open_clip_vit_quickgelu": ["open_clip", "hf"],
    "open_clip_roberta": ["open_clip"], "open_clip_xlm_roberta": ["open_clip"],
}


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {result.stderr}{result.stdout}")
    return result.stdout


def padded(data, length, pad):
    bounds, ids = data["in.cu_seqlens"].tolist(), data["in.ids"].long()
    batch = torch.full((len(bounds) - 1, length), pad, dtype=torch.long)
    mask = torch.zeros_like(batch)
    for row, (first, last) in enumerate(zip(bounds, bounds[1:])):
        batch[row, :last - first] = ids[first:last]
        mask[row, :last - first] = 1
    return batch, mask


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def hf_embeddings(folder, data):
    """What transformers makes of the batch, as the reference file's outputs are called."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    config = model.config
    kind, out = config.model_type, {}
    text = getattr(config, "text_config", config)
    inputs = {}
    if "in.ids" in data:
        length = {"roberta": text.max_position_embeddings - 2, "xlm-roberta": text.max_position_embeddings - 2}.get(
            text.model_type, text.max_position_embeddings)
        ids, mask = padded(data, length, text.pad_token_id)
        inputs["input_ids"] = ids
        if kind != "siglip":
            inputs["attention_mask"] = mask
    if "in.pixels" in data:
        inputs["pixel_values"] = data["in.pixels"]
    result = model(**inputs)
    if hasattr(result, "text_embeds"):
        return {"text_embeddings": result.text_embeds, "image_embeddings": result.image_embeds,
                "logits_per_image": result.logits_per_image}
    pooling = folder / "1_Pooling"
    if pooling.exists():
        weights = mask.unsqueeze(-1).float()
        out["text_embeddings"] = (result.last_hidden_state * weights).sum(1) / weights.sum(1)
    else:
        out["text_embeddings" if "in.ids" in data else "image_embeddings"] = result.pooler_output
    return out


def open_clip_embeddings(folder, data):
    os.chdir(folder)  # a text tower of its own is named by a path relative to the model
    model = open_clip.create_model(f"local-dir:{folder}").eval()
    pad = 1 if (folder / "text_tower").exists() else 0
    # open_clip reads its own towers at the full context only.
    length = model.positional_embedding.shape[0] if hasattr(model, "positional_embedding") else 9
    ids, _ = padded(data, length, pad)
    image, text = unit(model.encode_image(data["in.pixels"])), unit(model.encode_text(ids))
    logits = model.logit_scale.exp() * image @ text.T
    return {"image_embeddings": image, "text_embeddings": text, "logits_per_image": logits}


def compare(name, out, data):
    worst = 0.0
    for key, value in out.items():
        reference = data["out." + key]
        worst = max(worst, ((value - reference).abs().max() / reference.abs().max()).item())
    good = worst <= TOLERANCE
    print(f"{name:48} {len(out)} outputs, worst {worst:.1e} {'ok' if good else 'TOO MUCH'}", flush=True)
    return good


def check_family(binary, family, scratch):
    data = load_file(GOLDEN / family / "reference.safetensors")
    source = "open_clip" if family.startswith("open_clip") else "hf"
    model = scratch / family / "tandem"
    model.parent.mkdir(parents=True)
    run(binary / "clip-convert", "--from", source, "--input", GOLDEN / family, "--output", model, "--verify",
        GOLDEN / family / "reference.safetensors")
    good = True
    for target in TARGETS[family]:
        out = scratch / family / target
        run(binary / "clip-convert", "--from", "tandem", "--to", target, "--input", model, "--output", out, "--verify")
        embed = hf_embeddings if target == "hf" else open_clip_embeddings
        with torch.no_grad():
            good &= compare(f"{family} -> tandem -> {target}", embed(out, data), data)
    return good


SENTENCES = ["A red circle.", "A man is playing a guitar on the street", "short", "Zwei Hunde laufen durch den Schnee",
             "the quick brown fox jumps over the lazy dog " * 6, "", "numbers 1234567 and $ymbols, punctuation!?"]


def check_minilm(binary, folder, scratch):
    """Sentence embeddings of the converted model, by a reference file of transformers' ids and mean-pooled states."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(SENTENCES, padding=True, truncation=True, max_length=256, return_tensors="pt")
    with torch.no_grad():
        states = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    mean = (states * mask).sum(1) / mask.sum(1)
    lengths = batch["attention_mask"].sum(1)
    ids = torch.cat([row[:n] for row, n in zip(batch["input_ids"], lengths.tolist())])
    # The sentence-transformers layout, if the package carries the plain model only.
    source = scratch / "minilm"
    shutil.copytree(folder, source)
    if not (source / "1_Pooling").exists():
        (source / "1_Pooling").mkdir()
        (source / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    normalised = (source / "modules.json").exists() and "Normalize" in (source / "modules.json").read_text()
    reference = scratch / "minilm.safetensors"
    save_file({"in.ids": ids, "in.cu_seqlens": torch.cat([torch.zeros(1, dtype=torch.long), lengths.cumsum(0)]).int(),
               "out.text_features": mean.contiguous(),
               "out.text_embeddings": (unit(mean) if normalised else mean).contiguous()}, reference)
    pickle = [] if (source / "model.safetensors").exists() else ["--allow-pickle"]
    print(run(binary / "clip-convert", "--from", "hf", "--input", source, "--output", scratch / "minilm_tandem", "--verify",
              reference, *pickle))


def roberta_base(kind, vocab_size):
    return kind(vocab_size=vocab_size, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5,
                bos_token_id=0, pad_token_id=1, eos_token_id=2)


# What the published configurations say; open_clip asks transformers for them by name.
TEXT_TOWERS = {"roberta-base": roberta_base(transformers.RobertaConfig, 50265),
               "xlm-roberta-base": roberta_base(transformers.XLMRobertaConfig, 250002)}


def check_published(binary, name, scratch):
    """An architecture of open_clip at its published size, with random weights."""
    torch.manual_seed(3)
    config = open_clip.get_model_config(name)
    text = config["text_cfg"]
    tower = TEXT_TOWERS.get(text.get("hf_model_name"))
    if tower:
        tower.save_pretrained(scratch / text["hf_model_name"])
        os.chdir(scratch)  # transformers takes a folder of this name for the model
    model = open_clip.create_model(name, pretrained_hf=False).eval()
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.02 * torch.randn(parameter.shape)
    folder = scratch / name
    folder.mkdir()
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=config, preprocess_cfg={})))
    side, length = config["vision_cfg"]["image_size"], text.get("context_length", 77)
    vocabulary = tower.vocab_size if tower else text["vocab_size"]
    pixels = torch.randn(3, 3, side, side)
    lengths = [5, 17, length]
    rows = [torch.randint(5, vocabulary - 2, (n,)) for n in lengths]
    for row in rows:
        row[-1] = tower.eos_token_id if tower else vocabulary - 1
    batch = torch.full((3, length), 1 if tower or vocabulary == 32000 else 0)
    for index, row in enumerate(rows):
        batch[index, :len(row)] = row
    with torch.no_grad():
        image, words = model.encode_image(pixels, normalize=True), model.encode_text(batch, normalize=True)
    reference = scratch / f"{name}.safetensors"
    save_file({"in.pixels": pixels, "in.ids": torch.cat(rows), "in.cu_seqlens": torch.tensor([0] + lengths).cumsum(0).int(),
               "out.image_embeddings": image, "out.text_embeddings": words}, reference)
    del model
    print(run(binary / "clip-convert", "--from", "open_clip", "--input", folder, "--output", scratch / f"{name}-tandem",
              "--verify", reference))


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--minilm", type=pathlib.Path)
    parser.add_argument("--open-clip", nargs="*", default=[])
    arguments = parser.parse_args()
    binary, good = arguments.bin.resolve(), True
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, open_clip {open_clip.__version__}")
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for family in TARGETS:
            good &= check_family(binary, family, scratch)
        if arguments.minilm:
            check_minilm(binary, arguments.minilm.resolve(), scratch)
        for model in arguments.open_clip:
            check_published(binary, model, scratch)
        os.chdir(binary)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
