#!/usr/bin/env python3
"""Writes tests/golden/interop/<family>/: tiny models as transformers and open_clip save them, and what these give.

    scripts/make_golden_interop.py [FAMILY ...]     default: all

Needs torch, transformers, open_clip_torch, timm and safetensors. Each folder holds the family's own configuration and weights
and `reference.safetensors`: a batch (in.*), the state of every token between the blocks (out.text_states.N,
out.image_states.N), features, embeddings, logits, and the gradient of sum(in.loss_weights · output) for every parameter under
their names (g.*). Weights and inputs follow from a seed; nothing is downloaded.
"""
import json
import os
import pathlib
import sys

import command_line

command_line.begin(__name__, __doc__)
os.environ["HF_HUB_OFFLINE"] = "1"
import open_clip  # noqa: E402
import timm  # noqa: E402
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "interop"
LENGTH = 9
BLOCKS = dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20)
WIDE = dict(hidden_size=10, num_hidden_layers=3, num_attention_heads=2, intermediate_size=18)
PICTURE = dict(image_size=15, patch_size=5)
BERT = dict(vocab_size=43, hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **BLOCKS)


def roberta(**more):
    return dict(max_position_embeddings=LENGTH + 2, type_vocab_size=1, layer_norm_eps=1e-5, pad_token_id=1, bos_token_id=0,
                eos_token_id=2, **BERT) | more


def bert(**more):
    return dict(max_position_embeddings=LENGTH, type_vocab_size=2, pad_token_id=0, **BERT) | more


def vit(**more):
    return dict(layer_norm_eps=1e-12, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **PICTURE, **WIDE) | more


def clip(act, eos):
    return hf.CLIPConfig(
        text_config=dict(vocab_size=43, max_position_embeddings=LENGTH, hidden_act=act, bos_token_id=40, eos_token_id=eos,
                         pad_token_id=1, **BLOCKS),
        vision_config=dict(hidden_act=act, **PICTURE, **WIDE), projection_dim=7)


def siglip(vocab_size, projection, **picture):
    text = dict(vocab_size=vocab_size, max_position_embeddings=LENGTH, pad_token_id=1, bos_token_id=0, eos_token_id=1,
                projection_size=projection, **BLOCKS)
    vision = PICTURE | picture | WIDE | dict(hidden_size=projection, num_attention_heads=2)
    return hf.SiglipConfig(text_config=text, vision_config=vision)


def dual(vision, text):
    return hf.VisionTextDualEncoderModel(
        hf.VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=7))


def processor(kind, side):
    if kind == "clip":
        return hf.CLIPImageProcessor(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    size = {"height": side, "width": side}
    return hf.ViTImageProcessor(size=size) if kind == "vit" else hf.SiglipImageProcessor(size=size)


HF = {
    "roberta": (lambda: hf.RobertaModel(hf.RobertaConfig(**roberta())), None),
    "roberta_without_pooler": (lambda: hf.RobertaForMaskedLM(hf.RobertaConfig(**roberta())), None),
    "xlm_roberta": (lambda: hf.XLMRobertaModel(hf.XLMRobertaConfig(**roberta(vocab_size=51))), None),
    "bert": (lambda: hf.BertModel(hf.BertConfig(**bert())), None),
    "vit": (lambda: hf.ViTModel(hf.ViTConfig(**vit())), "vit"),
    "clip_openai": (lambda: hf.CLIPModel(clip("quick_gelu", 2)), "clip"),
    "clip_laion": (lambda: hf.CLIPModel(clip("gelu", 39)), "clip"),
    "siglip": (lambda: hf.SiglipModel(siglip(41, 10)), "siglip"),
    # As patch14-384: the picture is not a whole number of patches wide.
    "siglip_uneven": (lambda: hf.SiglipModel(siglip(41, 10, image_size=17)), "siglip"),
    "siglip2": (lambda: hf.SiglipModel(siglip(67, 14)), "siglip"),
    "dual_vit_roberta": (lambda: dual(hf.ViTConfig(**vit()), hf.RobertaConfig(**roberta())), "vit"),
    "dual_vit_xlm_roberta": (lambda: dual(hf.ViTConfig(**vit()), hf.XLMRobertaConfig(**roberta())), "vit"),
    "dual_clip_bert": (lambda: dual(hf.CLIPVisionConfig(hidden_act="quick_gelu", **PICTURE, **WIDE), hf.BertConfig(**bert())),
                       "clip"),
}

OPEN_VISION = dict(image_size=15, patch_size=5, width=10, layers=3, head_width=5, mlp_ratio=1.85)
OPEN_TEXT = dict(context_length=LENGTH, vocab_size=43, width=12, heads=3, layers=2, mlp_ratio=1.7)
TOWER = "text_tower"


def open_text(projection):
    return dict(hf_model_name=TOWER, hf_model_pretrained=False, hf_pooler_type="mean_pooler", hf_proj_type=projection,
                hf_tokenizer_name=TOWER)


OPEN_CLIP = {
    "open_clip_vit": (dict(embed_dim=7, vision_cfg=OPEN_VISION, text_cfg=OPEN_TEXT), None),
    "open_clip_vit_quickgelu": (dict(embed_dim=7, quick_gelu=True, vision_cfg=OPEN_VISION, text_cfg=OPEN_TEXT), None),
    "open_clip_roberta": (dict(embed_dim=7, quick_gelu=True, vision_cfg=OPEN_VISION, text_cfg=open_text("mlp")),
                          hf.RobertaConfig(**roberta())),
    "open_clip_xlm_roberta": (dict(embed_dim=7, vision_cfg=OPEN_VISION, text_cfg=open_text("linear")),
                              hf.XLMRobertaConfig(**roberta(vocab_size=51))),
    "open_clip_siglip": (dict(
        embed_dim=10, init_logit_bias=-10, custom_text=True,
        vision_cfg=dict(image_size=15, timm_model_name="vit_tiny_patch5_siglip_15", timm_model_pretrained=False,
                        timm_pool="map", timm_proj="none"),
        text_cfg=dict(OPEN_TEXT, no_causal_mask=True, proj_bias=True, pool_type="last", pad_id=1, norm_kwargs=dict(eps=1e-6),
                      act_kwargs=dict(approximate="tanh"))), None),
}


@timm.models.register_model
def vit_tiny_patch5_siglip_15(pretrained=False, **kwargs):
    kwargs.pop("pretrained_cfg", None), kwargs.pop("pretrained_cfg_overlay", None), kwargs.pop("cache_dir", None)
    return timm.models.vision_transformer.VisionTransformer(
        img_size=15, patch_size=5, embed_dim=10, depth=3, num_heads=2, mlp_ratio=1.8, class_token=False,
        **(dict(global_pool="map") | kwargs))


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.startswith("logit_scale"):
            parameter.data.fill_(1.5)
        elif name.startswith("logit_bias"):
            parameter.data.fill_(-2.5)
        elif parameter.dim() == 1 and name.endswith("weight"):
            parameter.data = 1.0 + 0.1 * noise
        else:
            parameter.data = noise * (0.3 if parameter.dim() < 2 else parameter.shape[-1] ** -0.5)


def record(blocks, states):
    """Collects what enters the first block and what leaves each."""
    def first(_, inputs, kwargs):
        states.append(inputs[0] if inputs else kwargs["hidden_states"])

    def each(_, __, output):
        states.append(output[0] if isinstance(output, tuple) else output)
    blocks[0].register_forward_pre_hook(first, with_kwargs=True)
    for block in blocks:
        block.register_forward_hook(each)


def blocks_of(tower):
    for name, module in tower.named_modules():
        if isinstance(module, torch.nn.ModuleList) or name.endswith("blocks"):
            return list(module)
    raise ValueError("no blocks")


def texts(generator, vocab_size, bos, eos, low):
    """One text of each length from 2 to LENGTH."""
    bodies = [torch.randint(low, vocab_size, (n - 2,), generator=generator) for n in range(2, LENGTH + 1)]
    return [torch.cat([torch.tensor([bos]), body, torch.tensor([eos])]) for body in bodies]


class Case:
    """A model with what the reference file needs of it."""

    def __init__(self, model, generator):
        self.model, self.text_states, self.image_states = model.eval(), [], []
        randomise(model, generator)
        self.has_text = self.has_image = True

    def padded(self, batch, pad):
        return torch.nn.utils.rnn.pad_sequence(
            batch + [torch.zeros(LENGTH, dtype=torch.long)], batch_first=True, padding_value=pad)[:-1]


class HfCase(Case):
    def __init__(self, model, generator):
        super().__init__(model, generator)
        self.kind = model.config.model_type
        self.has_text, self.has_image = self.kind != "vit", self.kind in (
            "vit", "clip", "siglip", "vision-text-dual-encoder")
        self.both = self.has_text and self.has_image
        if self.has_text:
            record(blocks_of(model.text_model if self.both else model), self.text_states)
        if self.has_image:
            record(blocks_of(model.vision_model if self.both else model), self.image_states)
        self.config = model.config.text_config if self.both else model.config
        self.fills = self.kind == "siglip"

    def batch(self, generator):
        config = self.config
        if self.kind == "clip":
            # Ids above the end of text exist where the rule is "first eos", none where it is "largest id".
            eos = 42 if config.eos_token_id == 2 else config.eos_token_id
            return texts(generator, 42 if eos == 42 else 43, 40, eos, 0)
        bert_like = config.model_type == "bert"
        return texts(generator, config.vocab_size, 3 if bert_like else 0, 4 if bert_like else self.eos(), 5)

    def eos(self):
        return 1 if self.fills else 2

    def run(self, pixels, batch):
        model, out = self.model, {}
        if self.has_text:
            pad = 1 if self.kind == "clip" else self.config.pad_token_id
            ids = self.padded(batch, pad)
            mask = torch.zeros_like(ids)
            for row, text in enumerate(batch):
                mask[row, :len(text)] = 1
            extra = {} if self.fills else dict(attention_mask=mask)
            tower = (model.text_model if self.both else getattr(model, "roberta", model))
            result = tower(input_ids=ids, **extra)
            out["text_features"] = result.pooler_output
            if self.fills:
                out["text_features"] = None
            if isinstance(model, hf.RobertaForMaskedLM):
                states, weights = result.last_hidden_state, mask.unsqueeze(-1)
                out["text_features"] = (states * weights).sum(1) / weights.sum(1)
        if self.has_image:
            out["image_features"] = (model.vision_model if self.both else model)(pixel_values=pixels).pooler_output
        self.states = [list(self.text_states), list(self.image_states)]
        if self.both:
            full = model(input_ids=ids, pixel_values=pixels, **extra)
            out["text_embeddings"], out["image_embeddings"] = full.text_embeds, full.image_embeds
            out["logits_per_image"] = full.logits_per_image
        elif self.has_text:
            out["text_embeddings"] = out["text_features"]
        else:
            out["image_embeddings"] = out["image_features"]
        return {k: v for k, v in out.items() if v is not None}


class OpenClipCase(Case):
    def __init__(self, name, config, tower, generator):
        self.cfg, self.tower = config, tower
        folder = FOLDER / name
        if tower:
            (folder / TOWER).mkdir(parents=True, exist_ok=True)
            tower.save_pretrained(folder / TOWER)
        os.chdir(folder)
        arguments = {k: v for k, v in config.items() if k != "custom_text"}
        custom = config.get("custom_text") or tower
        model = (open_clip.CustomTextCLIP if custom else open_clip.CLIP)(**arguments)
        super().__init__(model, generator)
        text = model.text.transformer if custom else model.transformer
        record(blocks_of(text), self.text_states)
        record(blocks_of(getattr(model.visual, "trunk", model.visual)), self.image_states)
        self.both, self.fills = True, "no_causal_mask" in config["text_cfg"]

    def batch(self, generator):
        if self.tower:
            return texts(generator, self.tower.vocab_size, 0, 2, 5)
        return texts(generator, 43, 0, 1, 5) if self.fills else texts(generator, 42, 41, 42, 0)

    def run(self, pixels, batch):
        ids = self.padded(batch, 1 if self.tower or self.fills else 0)
        image, text = self.model.encode_image(pixels, normalize=True), self.model.encode_text(ids, normalize=True)
        self.states = [list(self.text_states), list(self.image_states)]
        logits = self.model.logit_scale.exp() * image @ text.T
        if self.model.logit_bias is not None:
            logits = logits + self.model.logit_bias
        return dict(image_embeddings=image, text_embeddings=text, logits_per_image=logits)


def reference(case, generator, side):
    batch = case.batch(generator) if case.has_text else None
    pixels = torch.randn(LENGTH - 1, 3, side, side, generator=generator)
    out = case.run(pixels, batch)
    value = out.get("logits_per_image", out.get("text_embeddings", out.get("image_embeddings")))
    weights = torch.randn(value.shape, generator=generator)
    (weights * value).sum().backward()
    content = {f"out.{k}": v for k, v in out.items()} | {"in.loss_weights": weights}
    content |= {f"g.{k}": p.grad for k, p in case.model.named_parameters() if p.grad is not None}
    if case.has_text:
        lengths = [len(text) for text in batch]
        content |= {"in.ids": torch.cat(batch), "in.cu_seqlens": torch.tensor([0] + lengths).cumsum(0).int()}
        for index, state in enumerate(case.states[0]):
            rows = [state[b] if case.fills else state[b, :n] for b, n in enumerate(lengths)]
            content[f"out.text_states.{index}"] = torch.cat(rows)
    if case.has_image:
        content["in.pixels"] = pixels
        for index, state in enumerate(case.states[1]):
            content[f"out.image_states.{index}"] = state.flatten(0, 1)
    return {k: v.detach().contiguous().clone() for k, v in content.items()}


def hf_gradient_names(content, model):
    """Gradients under the names that save_pretrained writes, which may differ from the modules'."""
    values = {k[2:]: v for k, v in content.items() if k.startswith("g.")}
    saved = {p.data_ptr(): k for k, p in saved_names(model).items()}
    by_module = {k: p.data_ptr() for k, p in model.named_parameters()}
    renamed = {f"g.{saved[by_module[k]]}": v for k, v in values.items() if by_module[k] in saved}
    if len(renamed) != len(values):
        raise ValueError("gradients without a saved name: " + str(set(values) - {k[2:] for k in renamed}))
    return {k: v for k, v in content.items() if not k.startswith("g.")} | renamed


def saved_names(model):
    """{name in the file: tensor}: the file is read back and matched by value."""
    from safetensors.torch import load_file
    written = load_file(saved_names.folder / "model.safetensors")
    found = {}
    for name, parameter in model.named_parameters():
        same = [k for k, v in written.items() if v.shape == parameter.shape and torch.equal(v, parameter.data)]
        if len(same) == 1:
            found[same[0]] = parameter
        elif name in written:
            found[name] = parameter
    return found


def make(name):
    generator = torch.Generator().manual_seed(len(name) * 1000 + sum(map(ord, name)))
    torch.manual_seed(7)
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    versions = dict(torch=torch.__version__, transformers=hf.__version__, open_clip=open_clip.__version__,
                    timm=timm.__version__)
    if name in HF:
        build, kind = HF[name]
        case = HfCase(build(), generator)
        case.model.save_pretrained(folder)
        config = case.model.config
        side = getattr(getattr(config, "vision_config", config), "image_size", PICTURE["image_size"])
        if kind:
            processor(kind, side).save_pretrained(folder)
        saved_names.folder = folder
        content = hf_gradient_names(reference(case, generator, side), case.model)
    else:
        config, tower = OPEN_CLIP[name]
        case = OpenClipCase(name, config, tower, generator)
        save_file({k: v.contiguous() for k, v in case.model.state_dict().items()}, folder / "open_clip_model.safetensors")
        preprocess = dict(mean=[0.5, 0.4, 0.3], std=[0.2, 0.25, 0.3], interpolation="bicubic", resize_mode="shortest")
        (folder / "open_clip_config.json").write_text(
            json.dumps(dict(model_cfg=config, preprocess_cfg=preprocess), indent=2) + "\n")
        content = reference(case, generator, 15)
    save_file(content, folder / "reference.safetensors", versions)
    print(f"{name}: {len(content)} tensors", flush=True)


def make_files():
    """The same weights in other containers: shards with an index, and PyTorch's own format."""
    model = hf.RobertaModel.from_pretrained(FOLDER / "roberta")
    model.save_pretrained(FOLDER / "roberta_sharded", max_shard_size="8KB")
    (FOLDER / "roberta_pickle").mkdir(exist_ok=True)
    model.config.save_pretrained(FOLDER / "roberta_pickle")
    torch.save(model.state_dict(), FOLDER / "roberta_pickle" / "pytorch_model.bin")


def make_positions():
    """Position tables of 3 x 3 patches and a class token, at other sizes."""
    generator = torch.Generator().manual_seed(5)
    table = torch.randn(10, 4, generator=generator)
    content = {"table": table}
    for side in (2, 5, 7):
        for name, antialias in (("hugging_face", False), ("open_clip", True)):
            grid = table[1:].reshape(1, 3, 3, 4).permute(0, 3, 1, 2)
            resized = torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False,
                                                      antialias=antialias)
            content[f"{name}.{side}"] = torch.cat([table[:1], resized.permute(0, 2, 3, 1).reshape(-1, 4)])
    save_file({k: v.contiguous() for k, v in content.items()}, FOLDER / "positions.safetensors", {"torch": torch.__version__})


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or list(HF) + list(OPEN_CLIP):
        make(name)
    make_files()
    make_positions()


if __name__ == "__main__":
    main()
