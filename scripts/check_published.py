#!/usr/bin/env python3
"""Compares whole pipelines over published-style models: pictures and captions in, embeddings out.

    scripts/check_published.py BIN [--only PART ...] [--keep FOLDER]

BIN holds clip-convert and clip-embed (build/release/bin). Each of the 67 models below is one that is published, at a small
width with random weights: its configuration, image processor and tokenizer files are spelled as the named release of
transformers or open_clip wrote them (tests/golden/interop/published_fields.json). clip-convert reads the folder; the same PNG
files (RGB, gray, palette, with an alpha channel, gray with alpha) and captions go through clip-embed there, and through the
installed transformers' or open_clip's own processor, tokenizer and model here. Pictures whose processor does not convert to
RGB are converted by Pillow first, since transformers refuses them. Prints one line per model with 1 - the smallest cosine,
and ends with 1 when one is above 1e-5. Needs torch, transformers, open_clip_torch, timm, tokenizers and sentencepiece; nothing
is downloaded.
"""
import copy
import json
import os
import pathlib
import shutil
import sys
import tempfile
import traceback

import command_line

command_line.begin(__name__, __doc__)
os.environ["HF_HUB_OFFLINE"] = "1"
import numpy  # noqa: E402
import open_clip  # noqa: E402
import PIL.Image  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

import check_end_to_end as pipelines  # noqa: E402
import make_golden_fields  # noqa: E402

LIMIT = 1e-5
PUBLISHED = json.loads(make_golden_fields.FILE.read_text())
CAPTIONS = pipelines.CAPTIONS + ["a long caption of many words, " * 30]
SIDE, PATCH = 64, 16
BLOCKS = dict(hidden_size=96, num_hidden_layers=2, num_attention_heads=3, intermediate_size=200)
WORDS = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=150)
IMAGENET = dict(image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225])


def as_written(library, section, version, **values):
    """The fields that a release wrote, at its defaults, with `values` in their place."""
    number = make_golden_fields.number
    written = {}
    for field, spans in PUBLISHED[library]["fields"][section].items():
        for value, first, last in spans:
            if number(first) <= number(version) <= number(last):
                written[field] = value
    if "pooler_output_size" in written:
        written["pooler_output_size"] = values["hidden_size"]
    return written | values


# Pictures


def draw(folder):
    """One PNG of each kind, of smooth colours with some detail."""
    random = numpy.random.default_rng(5)
    files = []

    def picture(width, height, channels):
        coarse = random.integers(0, 256, (7, 9, channels), dtype=numpy.uint8)
        layers = [PIL.Image.fromarray(coarse[..., c]).resize((width, height), PIL.Image.BICUBIC) for c in range(channels)]
        noise = random.integers(-20, 21, (height, width, channels))
        return numpy.clip(numpy.stack([numpy.asarray(layer) for layer in layers], -1) + noise, 0, 255).astype(numpy.uint8)

    def save(name, image, **options):
        files.append(folder / f"{name}.png")
        image.save(files[-1], **options)

    for number, (width, height) in enumerate([(150, 110), (97, 131), (64, 64), (301, 83)]):
        save(f"{number}_rgb", PIL.Image.fromarray(picture(width, height, 3)))
    save("4_gray", PIL.Image.fromarray(picture(120, 90, 1)[..., 0]))
    rgba = picture(140, 100, 4)
    rgba[:30, :, 3], rgba[60:, 50:, 3] = 0, 255
    rgba[:20, :, :3] = 255  # what shows nothing has a colour all the same
    save("5_rgba", PIL.Image.fromarray(rgba))
    gray = picture(110, 150, 2)
    gray[:40, :, 1] = 0
    save("6_gray_alpha", PIL.Image.fromarray(gray, "LA"))
    palette = PIL.Image.fromarray(picture(130, 130, 3)).quantize(32)
    save("7_palette", palette)
    save("8_palette_clear", palette, transparency=3)
    return files


# Tokenizers, each made once


class Tokenizers:
    def __init__(self, scratch):
        self.scratch, self.made = scratch, {}

    def copy(self, make, folder):
        if make not in self.made:
            self.made[make] = self.scratch / make.__name__
            self.made[make].mkdir(parents=True)
            make(self.made[make])
        shutil.copytree(self.made[make], folder, dirs_exist_ok=True)
        return hf.AutoTokenizer.from_pretrained(folder)


def word_piece_tokenizer(folder):
    raw = pipelines.make_golden_tokens.bert()
    hf.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
                               mask_token="[MASK]").save_pretrained(folder)


# Image processors as files


def processor_files(version, kind, side, **more):
    """{file name: content} of an image processor, as `version` spells it."""
    both, clip, since = dict(height=side, width=side), kind in ("CLIP", "Bit"), make_golden_fields.number(version)
    fields = dict(do_normalize=True, do_resize=True, resample=2 if kind == "ViT" else 3)
    if clip:
        fields |= dict(image_mean=list(open_clip.OPENAI_DATASET_MEAN), image_std=list(open_clip.OPENAI_DATASET_STD),
                       do_center_crop=True, do_convert_rgb=True)
    else:
        fields |= dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)
    if since < [4, 25]:
        fields |= dict(feature_extractor_type=f"{kind}FeatureExtractor", size=side) | (dict(crop_size=side) if clip else {})
        return {"preprocessor_config.json": fields | more}
    fields |= dict(image_processor_type=f"{kind}ImageProcessor", do_rescale=True, rescale_factor=1 / 255,
                   size=dict(shortest_edge=side) if clip else both) | (dict(crop_size=both) if clip else {})
    if since >= [4, 45] and not clip:
        fields["do_convert_rgb"] = None
    if since >= [5]:
        return {"processor_config.json": dict(image_processor=fields | more, processor_class=f"{kind}Processor")}
    return {"preprocessor_config.json": fields | dict(processor_class=f"{kind}Processor") | more}


FAST = dict(data_format="channels_first", default_to_square=False, device=None, disable_grouping=None, input_data_format=None,
            return_tensors=None, image_processor_type="CLIPImageProcessorFast", do_pad=None, pad_size=None)


# Models of transformers: name -> function(folder, tokenizers) that returns (tokenizer options, config to write, processor files)


def clip_model(version, act="quick_gelu", eos=2, patch=PATCH, side=SIDE, dictionary=False, processor=None, **more):
    def make(folder, tokenizers):
        tokenizers.copy(pipelines.clip_tokenizer, folder)
        text = dict(vocab_size=49408, max_position_embeddings=77, hidden_act=act, bos_token_id=0 if eos == 2 else 49406,
                    eos_token_id=eos, pad_token_id=1, **WORDS)
        vision = dict(hidden_act=act, image_size=side, patch_size=patch, **BLOCKS)
        model = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=64))
        towers = dict(text_config=as_written("transformers", "clip/text_config", version, **text),
                      vision_config=as_written("transformers", "clip/vision_config", version, **vision))
        if dictionary:
            towers |= dict(text_config_dict=dict(hidden_act=act, **WORDS),
                           vision_config_dict=dict(hidden_act=act, image_size=side, patch_size=patch, **BLOCKS))
        config = as_written("transformers", "clip", version, architectures=["CLIPModel"], projection_dim=64, **towers)
        return model, dict(max_length=77), config, processor or processor_files(version, "CLIP", side, **more)
    return make


def siglip_model(version, patch=PATCH, side=SIDE, vocabulary=None, processor=None, **more):
    def make(folder, tokenizers):
        tokenizer = tokenizers.copy(pipelines.piece_tokenizer, folder)
        text = dict(vocab_size=vocabulary or len(tokenizer), max_position_embeddings=64, pad_token_id=tokenizer.pad_token_id,
                    bos_token_id=0, eos_token_id=2, projection_size=96, **WORDS)
        vision = dict(image_size=side, patch_size=patch, **BLOCKS)
        model = hf.SiglipModel(hf.SiglipConfig(text_config=text, vision_config=vision))
        config = as_written("transformers", "siglip", version, architectures=["SiglipModel"],
                            text_config=as_written("transformers", "siglip/text_config", version, **text),
                            vision_config=as_written("transformers", "siglip/vision_config", version, **vision))
        files = processor or processor_files(version, "Siglip", side, **more)
        return model, dict(padding="max_length", max_length=64), config, files
    return make


def text_values(kind, size, length):
    if kind == "bert":
        return dict(vocab_size=size, max_position_embeddings=length, type_vocab_size=2, layer_norm_eps=1e-12, pad_token_id=0, **WORDS)
    return dict(vocab_size=size, max_position_embeddings=length + 2, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1,
                bos_token_id=0, eos_token_id=2, **WORDS)


TEXT = {"bert": (word_piece_tokenizer, hf.BertConfig, hf.BertModel, "bert"),
        "roberta": (pipelines.byte_level_tokenizer, hf.RobertaConfig, hf.RobertaModel, "roberta"),
        "xlm-roberta": (pipelines.byte_level_tokenizer, hf.XLMRobertaConfig, hf.XLMRobertaModel, "xlm_roberta")}


def text_model(version, kind, length=128, head=None, extra=None, sentence=None, limit=None):
    def make(folder, tokenizers):
        tokenizer_of, config_of, model_of, section = TEXT[kind]
        tokenizer = tokenizers.copy(tokenizer_of, folder)
        values = text_values(kind, len(tokenizer), length)
        model = (head or model_of)(config_of(**values))
        config = as_written("transformers", section, version, architectures=[type(model).__name__], **values) | (extra or {})
        for name, content in (sentence or {}).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(json.dumps(content))
        return model, dict(max_length=limit or length), config, {}
    return make


def sentence_files(mode, normalize, limit, newer=False):
    where = "sentence_transformers.sentence_transformer.modules" if newer else "sentence_transformers.models"
    names = ["Transformer", "Pooling"] + (["Normalize"] if normalize else [])
    paths = ["", "1_Pooling", "2_Normalize"]
    pooling = dict(word_embedding_dimension=64, pooling_mode_cls_token=mode == "cls", pooling_mode_mean_tokens=mode == "mean",
                   pooling_mode_max_tokens=False, pooling_mode_mean_sqrt_len_tokens=False)
    return {"modules.json": [dict(idx=i, name=str(i), path=p, type=f"{where}.{n}") for i, (n, p) in enumerate(zip(names, paths))],
            "1_Pooling/config.json": dict(embedding_dimension=64, pooling_mode=mode, include_prompt=True) if newer else pooling,
            "sentence_bert_config.json": dict(max_seq_length=limit, do_lower_case=False)}


def vit_model(version, head=None, processor=None, **more):
    def make(folder, tokenizers):
        values = dict(image_size=SIDE, patch_size=PATCH, layer_norm_eps=1e-12, **BLOCKS)
        model = (head or hf.ViTModel)(hf.ViTConfig(**values))
        config = as_written("transformers", "vit", version, architectures=[type(model).__name__], **values)
        return model, None, config, processor or processor_files(version, "ViT", SIDE, **more)
    return make


def bare_vit(config):
    return hf.ViTModel(config, add_pooling_layer=False)


def dual_model(version, vision, kind):
    def make(folder, tokenizers):
        tokenizer_of, config_of, _, section = TEXT[kind]
        tokenizer = tokenizers.copy(tokenizer_of, folder)
        text = text_values(kind, len(tokenizer), 64)
        picture = dict(image_size=SIDE, patch_size=PATCH, **BLOCKS)
        vision_config = hf.ViTConfig(**picture) if vision == "vit" else hf.CLIPVisionConfig(**picture)
        model = hf.VisionTextDualEncoderModel(
            hf.VisionTextDualEncoderConfig.from_vision_text_configs(vision_config, config_of(**text), projection_dim=64))
        tower = as_written("transformers", "vit" if vision == "vit" else "clip/vision_config", version,
                           model_type=vision_config.model_type, **picture)
        config = as_written("transformers", "dual", version, architectures=["VisionTextDualEncoderModel"], projection_dim=64,
                            vision_config=tower, text_config=as_written("transformers", section, version, model_type=kind, **text))
        return model, dict(max_length=64), config, processor_files(version, "ViT" if vision == "vit" else "CLIP", SIDE)
    return make


BERT_FIRST = dict(directionality="bidi", pooler_fc_size=768, pooler_num_attention_heads=12, pooler_num_fc_layers=3,
                  pooler_size_per_head=128, pooler_type="first_token_transform")
DINO = dict(do_center_crop=None, resample=3, **IMAGENET)
HF = {
    "CLIP B/32, transformers 4.10": clip_model("4.10.0", patch=32),
    "CLIP B/32, transformers 4.20": clip_model("4.20.0", patch=32),
    "CLIP B/16, transformers 4.27": clip_model("4.27.0"),
    "CLIP B/16, transformers 4.36": clip_model("4.36.0"),
    "CLIP B/16, transformers 4.46": clip_model("4.46.0"),
    "CLIP B/32, transformers 4.57": clip_model("4.57.0", patch=32),
    "CLIP B/32, transformers 5": clip_model("5.24.0", patch=32),
    "CLIP L/14, both spellings of its towers": clip_model("4.20.0", patch=14, side=70, dictionary=True),
    "CLIP L/14-336, 4.57": clip_model("4.57.0", patch=14, side=84, eos=49407),
    "CLIP LAION H/14": clip_model("4.20.0", act="gelu", patch=14, side=70, dictionary=True, eos=49407),
    "CLIP LAION bigG/14": clip_model("4.27.0", act="gelu", patch=14, side=70, eos=49407),
    "MetaCLIP, fast processor": clip_model("4.57.0", eos=49407, **FAST),
    "CLIP, resized to more than its crop": clip_model("4.46.0", eos=49407, size=dict(shortest_edge=73)),
    "CLIP, processor of Bit": clip_model("4.46.0", processor=processor_files("4.57.0", "Bit", SIDE)),
    "CLIP, processor of ViT": clip_model("4.57.0", processor=processor_files("4.57.0", "ViT", SIDE)),
    "CLIP, nothing said of pictures": clip_model("4.57.0", processor={"processor_config.json": dict(processor_class="CLIPProcessor")}),
    "SigLIP B/16, transformers 4.40": siglip_model("4.40.0"),
    "SigLIP B/16, transformers 4.46": siglip_model("4.46.0"),
    "SigLIP B/16, transformers 4.57": siglip_model("4.57.0"),
    "SigLIP B/16, transformers 5": siglip_model("5.24.0"),
    "SigLIP so400m/14": siglip_model("4.40.0", patch=14),
    "SigLIP 2 B/16": siglip_model("4.49.0", vocabulary=1100),
    "SigLIP 2 B/16, transformers 5": siglip_model("5.24.0", vocabulary=1100),
    "BERT, transformers 4.0": text_model("4.0.0", "bert"),
    "BERT, transformers 4.5, first fields": text_model("4.5.0", "bert", extra=BERT_FIRST),
    "BERT, transformers 4.20": text_model("4.20.0", "bert"),
    "BERT, transformers 4.57": text_model("4.57.0", "bert"),
    "BERT, transformers 5": text_model("5.24.0", "bert"),
    "BERT with its language model": text_model("4.27.0", "bert", head=hf.BertForMaskedLM),
    "RoBERTa, transformers 4.0": text_model("4.0.0", "roberta"),
    "RoBERTa, transformers 4.27": text_model("4.27.0", "roberta"),
    "RoBERTa, transformers 5": text_model("5.24.0", "roberta"),
    "RoBERTa with its language model": text_model("4.20.0", "roberta", head=hf.RobertaForMaskedLM),
    "XLM-R, transformers 4.0": text_model("4.0.0", "xlm-roberta"),
    "XLM-R, transformers 4.40": text_model("4.40.0", "xlm-roberta"),
    "XLM-R, transformers 5": text_model("5.24.0", "xlm-roberta"),
    "MiniLM, mean, unit norm": text_model("4.20.0", "bert", sentence=sentence_files("mean", True, 64), limit=64),
    "mean of tokens, no norm": text_model("4.36.0", "roberta", sentence=sentence_files("mean", False, 128)),
    "BGE, class token, unit norm": text_model("4.46.0", "bert", sentence=sentence_files("cls", True, 128)),
    "MiniLM, sentence-transformers 5": text_model("5.24.0", "bert", sentence=sentence_files("mean", True, 128, newer=True)),
    "ViT, transformers 4.5": vit_model("4.5.0"),
    "ViT, transformers 4.20": vit_model("4.20.0"),
    "ViT, transformers 4.57": vit_model("4.57.0"),
    "ViT, transformers 5": vit_model("5.24.0"),
    "ViT with its classifier": vit_model("4.27.0", head=hf.ViTForImageClassification),
    "DINO, no pooler": vit_model("4.20.0", head=bare_vit, **DINO),
    "dual encoder of ViT and BERT, 4.20": dual_model("4.20.0", "vit", "bert"),
    "dual encoder of ViT and RoBERTa, 4.36": dual_model("4.36.0", "vit", "roberta"),
    "dual encoder of CLIP and BERT, 4.46": dual_model("4.46.0", "clip", "bert"),
    "dual encoder of CLIP and XLM-R, 4.20": dual_model("4.20.0", "clip", "xlm-roberta"),
    "dual encoder of ViT and XLM-R, 5": dual_model("5.24.0", "vit", "xlm-roberta"),
}

# Models of open_clip: (model_cfg, preprocess_cfg, release whose fields are all written or None)
VISION = dict(image_size=SIDE, patch_size=PATCH, width=96, layers=2, head_width=32)
OWN = dict(context_length=77, vocab_size=49408, width=64, heads=2, layers=2)
TOWER = dict(hf_model_name="text_tower", hf_tokenizer_name="text_tower")
BARE = dict(context_length=32, width=64, heads=2, layers=2, no_causal_mask=True, pool_type="last", proj_bias=True, pad_id=2,
            hf_tokenizer_name="tokenizer", tokenizer_kwargs=dict(clean="canonicalize"), norm_kwargs=dict(eps=1e-6))
TIMM = dict(image_size=SIDE, timm_model_name="vit_tiny_patch16_siglip_64", timm_model_pretrained=False, timm_pool="map", timm_proj="none")
MEAN = dict(mean=list(open_clip.OPENAI_DATASET_MEAN), std=list(open_clip.OPENAI_DATASET_STD))
FULL = dict(size=224, mode="RGB", interpolation="bicubic", resize_mode="shortest", fill_color=0, **MEAN)
SQUASH = dict(mean=[0.5] * 3, std=[0.5] * 3, interpolation="bicubic", resize_mode="squash")
OPEN_CLIP = {
    "ViT-B-32, open_clip 1": (dict(embed_dim=64, vision_cfg=VISION, text_cfg=OWN), None, None),
    "ViT-B-32-quickgelu": (dict(embed_dim=64, quick_gelu=True, vision_cfg=VISION, text_cfg=OWN), MEAN, None),
    "ViT-B-16, every field of 2.20": (dict(embed_dim=64, vision_cfg=VISION, text_cfg=OWN), MEAN, "2.20.0"),
    "ViT-B-16, every field of 3.3": (dict(embed_dim=64, custom_text=True, vision_cfg=VISION, text_cfg=OWN), FULL, "3.3.0"),
    "ViT-H-14, wide heads": (dict(embed_dim=64, vision_cfg=VISION | dict(head_width=48, patch_size=14, image_size=70), text_cfg=OWN),
                             MEAN, None),
    "ViT-bigG-14, odd ratio": (dict(embed_dim=64, vision_cfg=VISION | dict(mlp_ratio=4.9231), text_cfg=OWN), FULL, None),
    "ViT-B-16, mean of patches": (dict(embed_dim=64, vision_cfg=VISION | dict(pool_type="avg", no_ln_pre=True), text_cfg=OWN), MEAN, None),
    "ViT-L-14, fixed positions": (dict(embed_dim=64, vision_cfg=VISION | dict(pos_embed_type="sin_cos_2d"), text_cfg=OWN), MEAN, None),
    "ViT-B-32, bilinear": (dict(embed_dim=64, vision_cfg=VISION, text_cfg=OWN), MEAN | dict(interpolation="bilinear"), None),
    "ViT-B-32 with a bias": (dict(embed_dim=64, init_logit_bias=-10, nonscalar_logit_scale=True, vision_cfg=VISION, text_cfg=OWN),
                             MEAN, None),
    "roberta-ViT-B-32, open_clip 2.7": (dict(embed_dim=64, quick_gelu=True, vision_cfg=VISION,
                                             text_cfg=TOWER | dict(proj="mlp", pooler_type="mean_pooler")), MEAN, None),
    "xlm-roberta-base-ViT-B-32": (dict(embed_dim=64, vision_cfg=VISION, text_cfg=TOWER | dict(hf_pooler_type="mean_pooler")), FULL, None),
    "a linear text projection": (dict(embed_dim=64, vision_cfg=VISION, text_cfg=TOWER | dict(hf_proj_type="linear")), FULL, None),
    "ViT with SigLIP's text tower": (dict(embed_dim=64, custom_text=True, vision_cfg=VISION, text_cfg=BARE), SQUASH, None),
    "ViT-B-16-SigLIP": (dict(embed_dim=96, init_logit_bias=-10, custom_text=True, vision_cfg=TIMM, text_cfg=BARE), SQUASH, None),
    "ViT-B-16-SigLIP2": (dict(embed_dim=96, init_logit_bias=-10, custom_text=True, vision_cfg=TIMM,
                              text_cfg=BARE | dict(act_kwargs=dict(approximate="tanh"))), SQUASH, None),
}


@timm.models.register_model
def vit_tiny_patch16_siglip_64(pretrained=False, **kwargs):
    for name in ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir"):
        kwargs.pop(name, None)
    return timm.models.vision_transformer.VisionTransformer(
        img_size=64, patch_size=16, embed_dim=96, depth=2, num_heads=3, mlp_ratio=2, class_token=False, **(dict(global_pool="map") | kwargs))


def pooled(model, folder, tokens):
    """A text tower's embedding: as sentence-transformers pools, the trained pooler, or the mean over real tokens."""
    out = model(**tokens)
    weights = tokens["attention_mask"].unsqueeze(-1).float()
    mean = (out.last_hidden_state * weights).sum(1) / weights.sum(1)
    file = folder / "1_Pooling" / "config.json"
    if file.exists():
        pooling = json.loads(file.read_text())
        return out.last_hidden_state[:, 0] if pooling.get("pooling_mode_cls_token") or pooling.get("pooling_mode") == "cls" else mean
    return mean if out.pooler_output is None else out.pooler_output


def hf_reference(name, folder, files, tokenizers):
    made, options, config, processor = HF[name](folder, tokenizers)
    pipelines.randomise(made).save_pretrained(folder)
    config.pop("transformers_version", None)
    (folder / "config.json").write_text(json.dumps(config))
    for file, content in processor.items():
        (folder / file).write_text(json.dumps(content))
    single = isinstance(made, (hf.ViTPreTrainedModel, hf.BertPreTrainedModel, hf.RobertaPreTrainedModel, hf.XLMRobertaPreTrainedModel))
    # Of a file without a pooler from_pretrained would draw one.
    model = hf.AutoModel.from_pretrained(folder, **(dict(add_pooling_layer=False) if single and no_pooler(folder) else {})).eval()
    images = texts = None
    if processor or hasattr(model.config, "vision_config"):
        images = hf_images(model, folder, files, single, said=any("size" in json.dumps(c) for c in processor.values()))
    if options:
        tokens = hf.AutoTokenizer.from_pretrained(folder)(
            CAPTIONS, return_tensors="pt", truncation=True, **(dict(padding=True) | options))
        if single:
            texts = pooled(model, folder, tokens)
        else:
            keys = ("input_ids",) if model.config.model_type == "siglip" else ("input_ids", "attention_mask")
            texts = model.get_text_features(**{k: tokens[k] for k in keys})
            texts = getattr(texts, "pooler_output", texts)
    return images, texts


def no_pooler(folder):
    from safetensors import safe_open
    with safe_open(folder / "model.safetensors", "pt") as file:
        return not any("pooler" in key for key in file.keys())


def hf_images(model, folder, files, single, said):
    if said:
        processor = hf.AutoImageProcessor.from_pretrained(folder, backend="pil")
    else:
        processor = hf.CLIPImageProcessorPil(size=dict(shortest_edge=SIDE), crop_size=dict(height=SIDE, width=SIDE))
    pictures = [PIL.Image.open(f) for f in files]
    if not processor.do_convert_rgb:
        pictures = [picture.convert("RGB") for picture in pictures]
    pixels = processor(pictures, return_tensors="pt").pixel_values
    if single:
        out = model(pixel_values=pixels)
        return out.last_hidden_state[:, 0] if out.pooler_output is None else out.pooler_output
    out = model.get_image_features(pixel_values=pixels)
    return getattr(out, "pooler_output", out)


def open_clip_reference(name, folder, files, tokenizers):
    model_cfg, preprocess, version = copy.deepcopy(OPEN_CLIP[name])
    os.chdir(folder)  # the text tower is named by a path relative to the model
    text = model_cfg["text_cfg"]
    if "hf_model_name" in text:
        tokenizer = tokenizers.copy(pipelines.byte_level_tokenizer, folder)
        kind = "xlm-roberta" if "xlm" in name else "roberta"
        (folder / "text_tower").mkdir()
        TEXT[kind][1](**text_values(kind, len(tokenizer), 128)).save_pretrained(folder / "text_tower")
    elif "tokenizer_kwargs" in text:
        text["vocab_size"] = len(tokenizers.copy(pipelines.piece_tokenizer, folder))
    else:
        tokenizers.copy(pipelines.clip_tokenizer, folder)
    custom = model_cfg.pop("custom_text", False) or "hf_model_name" in text
    today = copy.deepcopy(model_cfg)
    for old, new in (("proj", "hf_proj_type"), ("pooler_type", "hf_pooler_type")):
        if old in text:
            today["text_cfg"][new] = today["text_cfg"].pop(old)
    if "hf_model_name" in text:
        today["text_cfg"]["hf_model_pretrained"] = False
    made = pipelines.randomise((open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**today))
    save_file({k: v.contiguous() for k, v in made.state_dict().items()}, folder / "open_clip_model.safetensors")
    # The reference is today's open_clip, so it gets today's spelling; what clip-convert reads is written over it.
    if custom:
        today["custom_text"] = model_cfg["custom_text"] = True
    file = folder / "open_clip_config.json"
    file.write_text(json.dumps(dict(model_cfg=today, preprocess_cfg=preprocess or {})))
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(CAPTIONS)
    images = model.eval().encode_image(torch.stack([transform(PIL.Image.open(f)) for f in files]), normalize=True)
    texts = model.encode_text(tokens, normalize=True)
    if version:
        for section in ("vision_cfg", "text_cfg"):
            model_cfg[section] = as_written("open_clip", section, version, **model_cfg[section])
    whole = model_cfg if preprocess is None else dict(model_cfg=model_cfg, preprocess_cfg=preprocess)
    file.write_text(json.dumps(whole))
    return images, texts


def embed(binary, model, out, kind, files):
    if kind == "image":
        pipelines.run(binary / "clip-embed", "--model", model, "--images", *files, "--output", out, "--dtype", "float32")
        return torch.from_numpy(numpy.load(out / "img_emb" / "img_emb_0.npy"))
    captions = model.parent / "captions.txt"
    captions.write_text("".join(line + "\n" for line in CAPTIONS), encoding="utf-8")
    pipelines.run(binary / "clip-embed", "--model", model, "--texts", captions, "--output", out, "--dtype", "float32")
    return torch.from_numpy(numpy.load(out / "text_emb" / "text_emb_0.npy"))


def check(binary, name, scratch, files, tokenizers):
    """Returns 1 - the cosine of every picture and caption, {kind: [...]}."""
    folder = scratch / "model"
    folder.mkdir(parents=True)
    with torch.no_grad():
        images, texts = (hf_reference if name in HF else open_clip_reference)(name, folder, files, tokenizers)
    pipelines.run(binary / "clip-convert", "--from", "hf" if name in HF else "open_clip", "--input", folder, "--output",
                  scratch / "tandem", "--verify", "--timm-heads", 3)
    found = {}
    for kind, theirs in (("image", images), ("text", texts)):
        if theirs is not None:
            ours = embed(binary, scratch / "tandem", scratch / kind, kind, files)
            found[kind] = (1 - (pipelines.unit(ours.double()) * pipelines.unit(theirs.double())).sum(-1)).clamp(min=0).tolist()
    return found


def line(name, found, files):
    words, good = [], True
    for kind, items in (("image", [f.stem for f in files]), ("text", [repr(c[:20]) for c in CAPTIONS])):
        if kind not in found:
            continue
        worst = max(found[kind])
        bad = [f"{item} {value:.0e}" for item, value in zip(items, found[kind]) if not value <= LIMIT]
        good &= not bad
        words.append(f"{kind}s {worst:.1e}" + (f" ({', '.join(bad)})" if bad else ""))
    print(f"{'ok  ' if good else 'FAIL'} {name:46} {'; '.join(words)}", flush=True)
    return good


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    binary, passed, tried = arguments.bin.resolve(), 0, 0
    print(f"torch {torch.__version__}, transformers {hf.__version__}, open_clip {open_clip.__version__}, Pillow {PIL.__version__}")
    with tempfile.TemporaryDirectory() as name:
        scratch = (arguments.keep or pathlib.Path(name)).resolve()
        (scratch / "pictures").mkdir(parents=True)
        files, tokenizers = draw(scratch / "pictures"), Tokenizers(scratch / "tokenizers")
        for number, model in enumerate([*HF, *OPEN_CLIP]):
            if arguments.only and not any(part in model for part in arguments.only):
                continue
            tried += 1
            try:
                passed += line(model, check(binary, model, scratch / str(number), files, tokenizers), files)
            except Exception as error:
                print(f"FAIL {model:46} {traceback.format_exception_only(error)[-1].strip()[-900:]}", flush=True)
            os.chdir(binary)
    print(f"{passed} of {tried} models give the reference's embeddings")
    return 0 if passed == tried else 1


if __name__ == "__main__":
    sys.exit(main())
