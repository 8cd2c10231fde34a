"""Small inputs of compare.py's --smoke, made from the golden files of the tests, without any Python package."""

import json
import pathlib
import shutil
import struct

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"


def write_photos(folder):
    """Writes a table of two pictures with captions and returns its path."""
    lines = ["filepath\ttitle"]
    for name in ("rgb.jpg", "rgb.bmp"):
        shutil.copy(GOLDEN / "images" / name, folder / name)
        lines.append(f"{name}\ta picture")
    path = folder / "captions.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read_safetensors(path):
    """Returns [name, dtype, shape, bytes] of each tensor."""
    content = path.read_bytes()
    start = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    return [[name, each["dtype"], each["shape"], content[start + each["data_offsets"][0]:start + each["data_offsets"][1]]]
            for name, each in header.items()]


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, dtype, shape, content in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(content)]}
        offset += len(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(each[3] for each in tensors))


def clip_vocabulary(model):
    """The golden tokenizer's vocabulary with the begin and the end of a text as the last ids, where CLIP has them."""
    special = ["<|startoftext|>", "<|endoftext|>"]
    words = sorted((id, word) for word, id in model["vocab"].items() if word not in special)
    return {word: id for id, word in enumerate([*(word for _, word in words), *special])}


def write_open_clip_model(folder):
    """Writes an open_clip directory with a small model, CLIP's kind of tokenizer and picture.png, as
    peers/cold_start.py does with ViT-B-32."""
    source = GOLDEN / "interop" / "open_clip_vit"
    tokenizer = json.loads((GOLDEN / "tokens" / "clip" / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    vocabulary = clip_vocabulary(tokenizer)
    tensors = read_safetensors(source / "open_clip_model.safetensors")
    for tensor in tensors:
        if tensor[0] == "token_embedding.weight":
            width = tensor[2][1]
            tensor[2], tensor[3] = [len(vocabulary), width], (tensor[3] * len(vocabulary))[:len(vocabulary) * width * 4]
    write_safetensors(folder / "open_clip_model.safetensors", tensors)
    config = json.loads((source / "open_clip_config.json").read_text(encoding="utf-8"))
    config["model_cfg"]["text_cfg"]["vocab_size"] = len(vocabulary)
    (folder / "open_clip_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    merges = [each if isinstance(each, str) else " ".join(each) for each in tokenizer["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    shutil.copy(GOLDEN / "images" / "turned.png", folder / "picture.png")
