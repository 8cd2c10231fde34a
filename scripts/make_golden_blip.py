#!/usr/bin/env python3
"""Writes tests/golden/blip/{captioning,retrieval,salesforce}/: tiny models of BLIP as transformers saves them, and what these give.

    scripts/make_golden_blip.py

Needs torch, transformers and safetensors; the reference file's metadata says which. Heads and eps are set, because the defaults
of transformers are not those of BLIP; gains and biases of the norms are moved, because ones and zeros hide a wrong one. Weights
and inputs follow from a seed; nothing is downloaded.

captioning/reference.safetensors: in.pixels, in.ids and in.cu_seqlens; out.image_states; out.decoder_logits of every token; out.loss with
label smoothing 0.1, padding ignored; out.ids.NAME of the searches below, without prompt and end token, -1 after the last one.
salesforce/model.pth: weights of pre-training in 16 bits, under the names of BLIP's authors, with what training leaves in such a
file; salesforce/reference.safetensors: out.cosine, out.image_embeddings, out.match_logits and out.decoder_logits of them.
retrieval/reference.safetensors: the same inputs; out.cosine [B, B]; out.match_logits_cls and out.match_logits, the logits [B, 2] of text b
with picture b where the first token is [CLS] or [ENC].
"""
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import torch  # noqa: E402
import transformers as hf  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "blip"
PAD, CLS, SEP, DEC, ENC, VOCABULARY, LENGTH = 0, 1, 2, 58, 59, 60, 24
CAPTIONS = [[7, 8, 9, 10], [11], [12, 13, 14, 15, 16, 17], [18, 19]]
TOKENS = dict(vocab_size=VOCABULARY, bos_token_id=DEC, eos_token_id=SEP, sep_token_id=SEP, pad_token_id=PAD)
TEXT = dict(hidden_size=20, intermediate_size=28, num_hidden_layers=2, num_attention_heads=4)
VISION = dict(hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=3)
SEARCHES = {
    "greedy": dict(),
    "greedy_prompt": dict(prompt=[30, 31]),
    "greedy_rules": dict(min_new_tokens=6, no_repeat_ngram_size=2, repetition_penalty=1.3),
    "beam": dict(num_beams=3),
    "beam_prompt": dict(num_beams=3, prompt=[30, 31]),
    "beam_long": dict(num_beams=3, length_penalty=2.0),
    "beam_short": dict(num_beams=4, length_penalty=-0.5),
    "beam_rules": dict(num_beams=3, min_new_tokens=6, no_repeat_ngram_size=2, repetition_penalty=1.3),
}


def configuration(text=TEXT, vision=VISION):
    text = dict(max_position_embeddings=LENGTH, layer_norm_eps=1e-12, label_smoothing=0.1, **(TOKENS | text))
    vision = dict(image_size=12, patch_size=4, layer_norm_eps=1e-6, **vision)
    return hf.BlipConfig(text_config=text, vision_config=vision, image_text_hidden_size=14, label_smoothing=0.1)


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        scale = 0.4 if parameter.dim() < 2 else 1.6 * parameter.shape[-1] ** -0.5
        center = 1.0 if "norm" in name.lower() and name.endswith("weight") else 0.0
        parameter.data = center + torch.randn(parameter.shape, generator=generator) * scale
    model.tie_weights()
    return model.eval()


def batch(first, last=SEP):
    texts = [[first] + ids + [last] for ids in CAPTIONS]
    width = max(map(len, texts))
    ids = torch.tensor([text + [PAD] * (width - len(text)) for text in texts])
    bounds = torch.tensor([0] + [len(text) for text in texts]).cumsum(0).int()
    return ids, (ids != PAD).long(), {"in.ids": torch.tensor(sum(texts, [])), "in.cu_seqlens": bounds}


def search(model, pixels, prompt=(), **options):
    ids = torch.tensor([[DEC, *prompt, SEP]]).repeat(len(pixels), 1)
    out = model.generate(pixel_values=pixels, input_ids=ids, max_new_tokens=10, do_sample=False, **options)
    rows = [[id for id in row if id not in (PAD, SEP)] for row in out[:, 1 + len(prompt):].tolist()]
    width = max(map(len, rows))
    return torch.tensor([row + [-1] * (width - len(row)) for row in rows])


def captioning(generator):
    model = randomise(hf.BlipForConditionalGeneration(configuration()), generator)
    model.text_decoder.cls.predictions.bias.data[SEP] = 5.0
    pixels = torch.randn(len(CAPTIONS), 3, 12, 12, generator=generator)
    ids, mask, content = batch(DEC)
    out = model(pixel_values=pixels, input_ids=ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100))
    content |= {"in.pixels": pixels, "out.image_states": out.last_hidden_state, "out.loss": out.loss,
                "out.decoder_logits": out.logits[mask.bool()]}
    for name, options in SEARCHES.items():
        content["out.ids." + name] = search(model, pixels, **options)
        print(name, content["out.ids." + name].tolist())
    return model, content


def retrieval(generator):
    model = randomise(hf.BlipForImageTextRetrieval(configuration()), generator)
    pixels = torch.randn(len(CAPTIONS), 3, 12, 12, generator=generator)
    ids, mask, content = batch(CLS)
    content["in.pixels"] = pixels
    content["out.cosine"] = model(input_ids=ids, pixel_values=pixels, attention_mask=mask, use_itm_head=False).itm_score
    content["out.match_logits_cls"] = model(input_ids=ids, pixel_values=pixels, attention_mask=mask).itm_score
    ids[:, 0] = ENC
    content["out.match_logits"] = model(input_ids=ids, pixel_values=pixels, attention_mask=mask).itm_score
    return model, content


def author_name(name):
    for hugging_face, author in (
            ("vision_model.encoder.layers", "visual_encoder.blocks"), ("vision_model.post_layernorm", "visual_encoder.norm"),
            ("vision_model.embeddings.patch_embedding", "visual_encoder.patch_embed.proj"),
            ("vision_model.embeddings.position_embedding", "visual_encoder.pos_embed"),
            ("vision_model.embeddings.class_embedding", "visual_encoder.cls_token"), ("self_attn.projection", "attn.proj"),
            ("self_attn", "attn"), ("layer_norm1", "norm1"), ("layer_norm2", "norm2")):
        name = name.replace(hugging_face, author)
    return name


def salesforce(generator):
    # Without a configuration the ids are BERT's: [CLS] = 101, [SEP] = 102, and [DEC] and [ENC] come last.
    text = dict(hidden_size=64, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, vocab_size=110,
                bos_token_id=108, eos_token_id=102, sep_token_id=102)
    vision = dict(hidden_size=128, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    config = configuration(text, vision)
    matcher = randomise(hf.BlipForImageTextRetrieval(config), generator)
    writer = randomise(hf.BlipForConditionalGeneration(config), generator)
    for model in (matcher, writer):
        for parameter in model.parameters():
            parameter.data = parameter.data.half().float()
    writer.vision_model = matcher.vision_model
    own = writer.text_decoder.bert.state_dict()
    shared = {key: value for key, value in matcher.text_encoder.state_dict().items() if ".attention." not in key}
    writer.text_decoder.bert.load_state_dict(own | shared)
    weights = {author_name(key): value.half() for key, value in (writer.state_dict() | matcher.state_dict()).items()}
    weights |= {key.replace("proj", "proj_m"): value for key, value in weights.items() if key.startswith("text_proj")}
    weights["visual_encoder_m.pos_embed"] = weights["visual_encoder.pos_embed"]
    weights["text_encoder_m.embeddings.word_embeddings.weight"] = weights["text_encoder.embeddings.word_embeddings.weight"]
    weights |= {"image_queue": torch.zeros(14, 6), "text_queue": torch.zeros(14, 6), "queue_ptr": torch.zeros(1).long(),
                "text_encoder.embeddings.position_ids": torch.arange(LENGTH)[None], "temp": torch.tensor(0.05)}
    folder = FOLDER / "salesforce"
    folder.mkdir(exist_ok=True)
    torch.save({"model": {key: value.clone() for key, value in weights.items()}, "epoch": 19}, folder / "model.pth")
    pixels = torch.randn(len(CAPTIONS), 3, 12, 12, generator=generator)
    ids, mask, content = batch(101, 102)
    out = writer(pixel_values=pixels, input_ids=ids, attention_mask=mask)
    content |= {"in.pixels": pixels, "out.decoder_logits": out.logits[mask.bool()]}
    content["out.image_embeddings"] = torch.nn.functional.normalize(matcher.vision_proj(out.last_hidden_state[:, 0]), dim=-1)
    content["out.cosine"] = matcher(input_ids=ids, pixel_values=pixels, attention_mask=mask, use_itm_head=False).itm_score
    ids[:, 0] = 109
    content["out.match_logits"] = matcher(input_ids=ids, pixel_values=pixels, attention_mask=mask).itm_score
    return content


def save(content, folder, versions):
    save_file({key: value.detach().contiguous() for key, value in content.items()}, folder / "reference.safetensors", versions)


def main():
    generator = torch.Generator().manual_seed(19)
    versions = dict(torch=torch.__version__, transformers=hf.__version__)
    for name, make in (("captioning", captioning), ("retrieval", retrieval)):
        with torch.no_grad():
            model, content = make(generator)
        folder = FOLDER / name
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        save(content, folder, versions)
    with torch.no_grad():
        save(salesforce(generator), FOLDER / "salesforce", versions)


if __name__ == "__main__":
    main()
