#!/usr/bin/env python3
"""Writes the golden files that tie Tandem's models to PyTorch and transformers.

    scripts/make_golden.py                        tests/golden/{article,recommended}.safetensors, small
    scripts/make_golden.py --full article OUT     one file at the published size, for a check by hand
    scripts/make_golden.py --full article --rounding    how far the reference itself is from its own form in fp64

Needs torch, transformers, safetensors and numpy. Each file holds a model's weights under Tandem's names (w.*), a batch
(in.*), the reference's outputs (out.*), every gradient (g.*), a ten-step AdamW loss curve, and the model's configuration as
metadata. Weights and inputs follow from a seed; nothing is downloaded.
"""
import copy
import json
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

LOGIT_SCALE_INIT = 2.6592600369327779
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]


def sizes(name, full):
    """The two architectures of configs/, small or as published, as Tandem's configuration."""
    article = name == "article"
    text = dict(vocab_size=50265, context_length=512, width=768, layers=12, heads=12, mlp_width=3072) if full else \
        dict(vocab_size=40, context_length=12, width=16, layers=2, heads=2, mlp_width=32)
    image = dict(image_size=224, patch_size=16, width=768, layers=12, heads=12, mlp_width=3072, num_classes=1000) if full else \
        dict(image_size=8, patch_size=4, width=16, layers=2, heads=2, mlp_width=32, num_classes=10)
    text.update(pool="mean_all" if article else "mean", norm_eps=1e-5, init_std=0.02)
    image.update(pool="logits" if article else "cls", norm_eps=1e-12, mean=MEAN, std=STD, init_std=0.02)
    return dict(embed_dim=(256 if article else 512) if full else 8, text=text, image=image,
                normalize_features=article, normalize_embeddings=not article)


class Projector(torch.nn.Module):
    def __init__(self, input_dim, embed_dim):
        super().__init__()
        self.linear = torch.nn.Linear(input_dim, embed_dim)
        self.norm = torch.nn.LayerNorm(embed_dim)

    def forward(self, x):
        return self.norm(torch.nn.functional.gelu(self.linear(x)))


class Reference(torch.nn.Module):
    """The dual encoder as one writes it in PyTorch, on transformers' towers."""

    def __init__(self, options):
        super().__init__()
        text, image = options["text"], options["image"]
        self.options = options
        self.text = transformers.RobertaModel(transformers.RobertaConfig(
            vocab_size=text["vocab_size"], max_position_embeddings=text["context_length"] + 2, hidden_size=text["width"],
            num_hidden_layers=text["layers"], num_attention_heads=text["heads"], intermediate_size=text["mlp_width"],
            layer_norm_eps=text["norm_eps"], type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0), add_pooling_layer=False)
        vit = transformers.ViTConfig(
            hidden_size=image["width"], num_hidden_layers=image["layers"], num_attention_heads=image["heads"],
            intermediate_size=image["mlp_width"], image_size=image["image_size"], patch_size=image["patch_size"],
            layer_norm_eps=image["norm_eps"], hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            num_labels=image["num_classes"])
        logits = image["pool"] == "logits"
        self.image = transformers.ViTForImageClassification(vit) if logits else transformers.ViTModel(vit, add_pooling_layer=False)
        self.text_projector = Projector(text["width"], options["embed_dim"])
        self.image_projector = Projector(image["num_classes"] if logits else image["width"], options["embed_dim"])
        self.logit_scale = torch.nn.Parameter(torch.tensor(LOGIT_SCALE_INIT))

    def text_features(self, ids, mask):
        states = self.text(input_ids=ids, attention_mask=mask).last_hidden_state
        if self.options["text"]["pool"] == "mean_all":
            return states.mean(dim=1)
        weights = mask.unsqueeze(-1).to(states.dtype)
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    def image_features(self, pixels):
        output = self.image(pixel_values=pixels)
        return output.logits if self.options["image"]["pool"] == "logits" else output.last_hidden_state[:, 0]

    def forward(self, pixels, ids, mask):
        features = [self.image_features(pixels), self.text_features(ids, mask)]
        image, text = [x / x.norm(dim=-1, keepdim=True) for x in features] if self.options["normalize_features"] else features
        embeddings = [self.image_projector(image), self.text_projector(text)]
        if self.options["normalize_embeddings"]:
            embeddings = [x / x.norm(dim=-1, keepdim=True) for x in embeddings]
        return features, embeddings

    def loss(self, embeddings):
        logits = self.logit_scale.exp() * embeddings[1] @ embeddings[0].T
        labels = torch.arange(len(logits))
        cross_entropy = torch.nn.functional.cross_entropy
        return (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2


TEXT_NAMES = {
    "embeddings.word_embeddings.weight": "token_embedding",
    "embeddings.position_embeddings.weight": "position_embedding",
    "embeddings.token_type_embeddings.weight": "type_embedding",
    "embeddings.LayerNorm": "embedding_norm",
    "encoder.layer.": "layers.",
    "attention.self.qkv": "attention.qkv",
    "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "mlp_in",
    "output.dense": "mlp_out",
    "output.LayerNorm": "mlp_norm",
}
IMAGE_NAMES = {
    "vit.": "",
    "embeddings.cls_token": "class_token",
    "embeddings.position_embeddings": "position_embedding",
    "embeddings.patch_embeddings.projection": "patch_embedding",
    "encoder.layer.": "layers.",
    "attention.attention.qkv": "attention.qkv",
    "attention.qkv": "attention.qkv",
    "attention.output.dense": "attention.output",
    "attention.o_proj": "attention.output",
    "layernorm_before": "attention_norm",
    "layernorm_after": "mlp_norm",
    "intermediate.dense": "mlp_in",
    "mlp.fc1": "mlp_in",
    "mlp.fc2": "mlp_out",
    "output.dense": "mlp_out",
    "layernorm.": "final_norm.",
    "classifier": "head",
}


def fuse(tensors):
    """Joins query, key and value of each attention into one tensor, rows in that order."""
    fused = {}
    for name, tensor in tensors.items():
        for names in (("query", "key", "value"), ("q_proj", "k_proj", "v_proj")):
            q, k, v = (f".{part}." for part in names)
            if q in name:
                fused[name.replace(q, ".qkv.")] = torch.cat([tensor, tensors[name.replace(q, k)], tensors[name.replace(q, v)]])
            if any(part in name for part in (q, k, v)):
                break
        else:
            fused[name] = tensor
    return fused


def tandem_names(tensors):
    """Renames {reference name: tensor} to Tandem's checkpoint names and shapes."""
    renamed = {}
    for name, tensor in fuse(tensors).items():
        tower, _, rest = name.partition(".")
        if tower in ("text", "image"):
            for old, new in (TEXT_NAMES if tower == "text" else IMAGE_NAMES).items():
                rest = rest.replace(old, new)
        if rest == "class_token":
            tensor = tensor.reshape(-1)
        elif rest == "position_embedding" and tower == "image":
            tensor = tensor[0]
        elif rest == "patch_embedding.weight":
            tensor = tensor.flatten(1)
        renamed[f"{tower}.{rest}" if rest else tower] = tensor
    return renamed


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        if name == "logit_scale":
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        norm_weight = name.endswith("weight") and parameter.dim() == 1
        parameter.data = 1.0 + 0.1 * noise if norm_weight else 0.1 * noise if parameter.dim() == 1 else \
            noise / parameter.shape[-1] ** 0.5


def adamw_curve(model, batch, lr, steps=10):
    """Losses of `steps` AdamW steps on one batch, with Tandem's decay groups and clamp."""
    decayed = [p for n, p in model.named_parameters() if p.dim() >= 2 and "cls_token" not in n and "position_embeddings" not in n]
    chosen = {id(p) for p in decayed}
    plain = [p for p in model.parameters() if id(p) not in chosen]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=0.2), dict(params=plain, weight_decay=0.0)],
                                  lr=lr, betas=(0.9, 0.98), eps=1e-6)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = model.loss(model(*batch)[1])
        loss.backward()
        optimizer.step()
        model.logit_scale.data.clamp_(0, 4.6051701859880918)
        losses.append(loss.item())
    return losses


def model_and_batch(name, full):
    """The reference with random weights, and a batch of pictures and texts of several lengths."""
    generator = torch.Generator().manual_seed(20)
    torch.manual_seed(20)
    options = sizes(name, full)
    model = Reference(options).eval()
    randomise(model, generator)
    lengths = [5, 3, 12, 8, 4, 7]
    count, side = len(lengths), options["image"]["image_size"]
    images = torch.randint(0, 256, (count, 3, side, side), generator=generator, dtype=torch.uint8)
    texts = [torch.cat([torch.tensor([0]), torch.randint(4, options["text"]["vocab_size"], (n - 2,), generator=generator),
                        torch.tensor([2])]) for n in lengths]
    ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True, padding_value=1)
    pixels = (images.float() / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    batch = (pixels, ids, (ids != 1).long())
    return model, batch, (images, texts, lengths), options


def relative_to_largest(found, expected, floor=0.0):
    scale = max(expected.abs().max().item(), floor)
    return ((found.double() - expected.double()).abs().max() / scale).item()


def rounding(name):
    """What fp32 costs the reference itself: the yardstick for differences at the published size."""
    model, batch, _, _ = model_and_batch(name, True)
    twin = copy.deepcopy(model).double()
    exact = (batch[0].double(), *batch[1:])
    results = []
    for each, inputs in ((model, batch), (twin, exact)):
        loss = each.loss(each(*inputs)[1])
        loss.backward()
        results.append((loss.item(), tandem_names({k: v.grad for k, v in each.named_parameters()})))
    (loss, gradients), (exact_loss, exact_gradients) = results
    floor = 1e-3 * max(each.abs().max().item() for each in exact_gradients.values())
    worst = max(exact_gradients, key=lambda k: relative_to_largest(gradients[k], exact_gradients[k], floor))
    print(f"loss: {abs(loss - exact_loss) / abs(exact_loss):.1e}; "
          f"gradients: {relative_to_largest(gradients[worst], exact_gradients[worst], floor):.1e} ({worst})")
    curve, exact_curve = adamw_curve(model, batch, 5e-5), adamw_curve(twin, exact, 5e-5)
    print("curve:", " ".join(f"{abs(a - b) / abs(b):.1e}" for a, b in zip(curve, exact_curve)))


def make(name, full):
    model, batch, (images, texts, lengths), options = model_and_batch(name, full)
    weights = {k: v.detach().clone() for k, v in model.named_parameters()}
    features, embeddings = model(*batch)
    loss = model.loss(embeddings)
    loss.backward()
    gradients = {k: v.grad for k, v in model.named_parameters()}
    content = {f"w.{k}": v for k, v in tandem_names(weights).items()}
    content |= {f"g.{k}": v for k, v in tandem_names(gradients).items()}
    content |= {"in.images": images, "in.ids": torch.cat(texts),
                "in.cu_seqlens": torch.tensor([0] + lengths).cumsum(0).int(),
                "out.image_features": features[0], "out.text_features": features[1],
                "out.image_embeddings": embeddings[0], "out.text_embeddings": embeddings[1], "out.loss": loss}
    # A rate that suits the size: the first steps of Adam follow the gradients' signs, so that a rate which throws a large
    # model about would compare rounding noise.
    lr = 5e-5 if full else 1e-3
    content["out.loss_curve"] = torch.tensor(adamw_curve(model, batch, lr))
    config = {"model": options, "tokenizer": {"train_vocab_size": 40}}
    metadata = {"config": json.dumps(config), "lr": str(lr), "torch": torch.__version__, "transformers": transformers.__version__}
    return {k: v.detach().contiguous().clone() for k, v in content.items()}, metadata


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--full", choices=["article", "recommended"], help="published size instead of the small one")
    parser.add_argument("output", nargs="?", type=pathlib.Path, help="file (with --full)")
    parser.add_argument("--rounding", action="store_true", help="with --full: compare the reference with its form in fp64")
    arguments = parser.parse_args()
    if arguments.rounding:
        return rounding(arguments.full or parser.error("--rounding needs --full"))
    folder = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"
    wanted = [(arguments.full, arguments.output)] if arguments.full else \
        [(name, folder / f"{name}.safetensors") for name in ("article", "recommended")]
    for name, path in wanted:
        content, metadata = make(name, bool(arguments.full))
        save_file(content, path, metadata)
        print(f"{path}: {len(content)} tensors, loss {content['out.loss'].item():.6f}")


if __name__ == "__main__":
    main()
