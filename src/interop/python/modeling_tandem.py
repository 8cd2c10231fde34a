"""CLIP-style models trained with Tandem, in PyTorch: two towers, two projectors, a temperature.

Written by Tandem's clip-convert beside the weights. It opens every model that Tandem trains:

    model = AutoModel.from_pretrained(FOLDER, trust_remote_code=True)

The member `tandem` of config.json is the model's configuration in Tandem's own words (docs/config.md), and parameters have the
names of Tandem's checkpoints.
"""
from dataclasses import dataclass
from typing import Optional

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput


class TandemConfig(PretrainedConfig):
    model_type = "tandem"

    def __init__(self, tandem=None, projection_dim=None, **kwargs):
        self.tandem = tandem or {}
        self.projection_dim = projection_dim
        super().__init__(**kwargs)


@dataclass
class TandemOutput(ModelOutput):
    """As CLIPModel's: logits_per_image [images, texts], its transpose, and embeddings [count, embed_dim]."""

    loss: Optional[torch.Tensor] = None
    logits_per_image: Optional[torch.Tensor] = None
    logits_per_text: Optional[torch.Tensor] = None
    text_embeds: Optional[torch.Tensor] = None
    image_embeds: Optional[torch.Tensor] = None


ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "quick_gelu": lambda x: x * torch.sigmoid(1.702 * x),
}


def mlp_width(options):
    return options["mlp_width"] or 4 * options["width"]


class Attention(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.heads = options["heads"]
        self.dropout = options["attention_dropout"]
        self.qkv = nn.Linear(options["width"], 3 * options["width"])
        self.output = nn.Linear(options["width"], options["width"])

    def forward(self, x, mask):
        count, length, width = x.shape
        q, k, v = (part.view(count, length, self.heads, -1).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, mask, self.dropout if self.training else 0.0)
        return self.output(mixed.transpose(1, 2).reshape(count, length, width))


class Block(nn.Module):
    def __init__(self, options, pre_norm):
        super().__init__()
        width, eps = options["width"], options["norm_eps"]
        self.pre_norm = pre_norm
        self.activation = ACTIVATIONS[options["activation"]]
        self.attention = Attention(options)
        self.attention_norm = nn.LayerNorm(width, eps)
        self.mlp_in = nn.Linear(width, mlp_width(options))
        self.mlp_out = nn.Linear(mlp_width(options), width)
        self.mlp_norm = nn.LayerNorm(width, eps)
        self.dropout = nn.Dropout(options["dropout"])

    def mlp(self, x):
        return self.dropout(self.mlp_out(self.activation(self.mlp_in(x))))

    def forward(self, x, mask):
        if self.pre_norm:
            x = x + self.dropout(self.attention(self.attention_norm(x), mask))
            return x + self.mlp(self.mlp_norm(x))
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        return self.mlp_norm(x + self.mlp(x))


class TextEncoder(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.options = options
        width, eps = options["width"], options["norm_eps"]
        self.first_position = options["pad_id"] + 1 if options["position_style"] == "roberta" else 0
        self.token_embedding = nn.Parameter(torch.empty(options["vocab_size"], width))
        self.position_embedding = nn.Parameter(torch.empty(options["context_length"] + self.first_position, width))
        if options["type_vocab_size"] > 0:
            self.type_embedding = nn.Parameter(torch.empty(options["type_vocab_size"], width))
        if options["embedding_norm"]:
            self.embedding_norm = nn.LayerNorm(width, eps)
        self.layers = nn.ModuleList(Block(options, options["norm_order"] == "pre") for _ in range(options["layers"]))
        if options["final_norm"]:
            self.final_norm = nn.LayerNorm(width, eps)
        if options["pool"] == "pooler":
            self.pooler = nn.Linear(width, width)
        self.dropout = nn.Dropout(options["dropout"])

    def aligned(self, ids, mask):
        """Real tokens first, padding after them, cut to the longest text or filled up to the context."""
        if mask is None:  # without one, padding is what fills up the end
            mask = (ids != self.options["pad_id"]).flip(1).cumsum(1).flip(1) > 0
        mask = mask.bool()
        order = torch.argsort((~mask).int(), dim=1, stable=True)
        ids, mask = ids.gather(1, order), mask.gather(1, order)
        length, limit = max(int(mask.sum(1).max()), 1), self.options["context_length"]
        if length > limit:
            raise ValueError(f"a text has {length} tokens, the model takes {limit}")
        if self.options["pad_id"] >= 0:
            ids = ids.masked_fill(~mask, self.options["pad_id"])
        if self.options["pad_to_context"]:
            ids = F.pad(ids[:, :limit], (0, max(0, limit - ids.shape[1])), value=self.options["pad_id"])
            return ids, torch.ones_like(ids, dtype=torch.bool)
        return ids[:, :length], mask[:, :length]

    def forward(self, ids, mask=None):
        options = self.options
        ids, mask = self.aligned(ids, mask)
        length = ids.shape[1]
        positions = (torch.arange(length, device=ids.device) + self.first_position).expand_as(ids)
        if options["position_style"] == "roberta":
            positions = positions.masked_fill(~mask, options["pad_id"])
        x = self.token_embedding[ids.clamp_min(0)] + self.position_embedding[positions]
        if options["type_vocab_size"] > 0:
            x = x + self.type_embedding[0]
        if options["embedding_norm"]:
            x = self.embedding_norm(x)
        x = self.dropout(x)
        visible = mask[:, None, None, :]
        if options["causal"]:
            visible = visible & torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        for layer in self.layers:
            x = layer(x, visible)
        if options["final_norm"]:
            x = self.final_norm(x)
        return self.pooled(x, ids, mask)

    def pooled(self, x, ids, mask):
        pool = self.options["pool"]
        if pool == "mean_all":  # counts the padding up to the longest text of the batch, too
            return x.mean(1)
        if pool == "mean":
            weights = mask.unsqueeze(-1).to(x.dtype)
            return (x * weights).sum(1) / weights.sum(1)
        last = mask.sum(1) - 1
        if pool == "last":
            rows = last
        elif pool == "eot":
            found = (ids == self.options["eos_id"]) & mask
            rows = torch.where(found.any(1), found.int().argmax(1), last)
        elif pool == "argmax":
            rows = ids.masked_fill(~mask, -1).argmax(1)
        else:
            rows = torch.zeros_like(last)
        x = x[torch.arange(x.shape[0], device=x.device), rows]
        return torch.tanh(self.pooler(x)) if pool == "pooler" else x


class MapHead(nn.Module):
    """Attention pooling with a learned query, as SigLIP has it."""

    def __init__(self, options):
        super().__init__()
        width = options["width"]
        self.heads = options["heads"]
        self.activation = ACTIVATIONS[options["activation"]]
        self.probe = nn.Parameter(torch.empty(1, 1, width))
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.output = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, options["norm_eps"])
        self.mlp_in = nn.Linear(width, mlp_width(options))
        self.mlp_out = nn.Linear(mlp_width(options), width)

    def forward(self, x):
        count, _, width = x.shape
        query = self.query(self.probe).expand(count, -1, -1)
        q, k, v = (part.reshape(count, part.shape[1], self.heads, -1).transpose(1, 2)
                   for part in (query, *self.key_value(x).chunk(2, -1)))
        x = self.output(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(count, width))
        return x + self.mlp_out(self.activation(self.mlp_in(self.norm(x))))


class ImageEncoder(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.options = options
        width, eps, patch = options["width"], options["norm_eps"], options["patch_size"]
        self.patch_embedding = nn.Linear(3 * patch * patch, width, bias=options["patch_bias"])
        if options["class_token"]:
            self.class_token = nn.Parameter(torch.empty(width))
        tokens = (options["image_size"] // patch) ** 2 + int(options["class_token"])
        self.position_embedding = nn.Parameter(torch.empty(tokens, width))
        if options["pre_norm"]:
            self.pre_norm = nn.LayerNorm(width, eps)
        self.layers = nn.ModuleList(Block(options, True) for _ in range(options["layers"]))
        if options["final_norm"]:
            self.final_norm = nn.LayerNorm(width, eps)
        if options["pool"] == "pooler":
            self.pooler = nn.Linear(width, width)
        if options["pool"] == "logits":
            self.head = nn.Linear(width, options["num_classes"])
        if options["pool"] == "map":
            self.map_head = MapHead(options)
        self.dropout = nn.Dropout(options["dropout"])

    def forward(self, pixels):
        options = self.options
        size, patch = options["image_size"], options["patch_size"]
        if tuple(pixels.shape[1:]) != (3, size, size):
            raise ValueError(f"expected images [B, 3, {size}, {size}], got {list(pixels.shape)}")
        kernel = self.patch_embedding.weight.view(-1, 3, patch, patch)
        x = F.conv2d(pixels.to(kernel.dtype), kernel, self.patch_embedding.bias, stride=patch).flatten(2).transpose(1, 2)
        if options["class_token"]:
            x = torch.cat([self.class_token.expand(x.shape[0], 1, -1), x], 1)
        x = self.dropout(x + self.position_embedding)
        if options["pre_norm"]:
            x = self.pre_norm(x)
        for layer in self.layers:
            x = layer(x, None)
        if options["final_norm"]:
            x = self.final_norm(x)
        pool = options["pool"]
        if pool == "mean":
            return x[:, int(options["class_token"]):].mean(1)
        if pool == "map":
            return self.map_head(x)
        x = x[:, 0]
        if pool == "pooler":
            return torch.tanh(self.pooler(x))
        return self.head(x) if pool == "logits" else x


class Projector(nn.Module):
    def __init__(self, features, embed_dim, options):
        super().__init__()
        self.kind = options["kind"]
        if self.kind == "none":
            return
        hidden = (features + embed_dim) // 2 if self.kind == "mlp" else embed_dim
        self.linear = nn.Linear(features, hidden, bias=options["bias"])
        if self.kind == "mlp":
            self.mlp_out = nn.Linear(hidden, embed_dim, bias=options["bias"])
        if self.kind == "gelu_layernorm":
            self.norm = nn.LayerNorm(embed_dim, options["norm_eps"])

    def forward(self, x):
        if self.kind == "none":
            return x
        x = self.linear(x)
        if self.kind == "gelu_layernorm":
            return self.norm(F.gelu(x))
        return self.mlp_out(F.gelu(x)) if self.kind == "mlp" else x


class TandemModel(PreTrainedModel):
    config_class = TandemConfig
    base_model_prefix = ""
    _supports_sdpa = True
    _no_split_modules = ["Block"]

    def __init__(self, config):
        super().__init__(config)
        options = self.options = config.tandem["model"]
        text, image = options["text"], options["image"]
        if options["towers"] != "image":
            self.text = TextEncoder(text)
            self.text_projector = self.projector("text_projector", text["width"])
        if options["towers"] != "text":
            self.image = ImageEncoder(image)
            features = image["num_classes"] if image["pool"] == "logits" else image["width"]
            self.image_projector = self.projector("image_projector", features)
        if options["towers"] == "both":
            self.logit_scale = nn.Parameter(torch.tensor(float(options["logit_scale_init"])))
        if options["logit_bias"]:
            self.logit_bias = nn.Parameter(torch.tensor(float(options["logit_bias_init"])))
        self.post_init()

    def projector(self, name, features):
        own = self.options[name]
        return Projector(features, self.options["embed_dim"], self.options["projector"] if own["kind"] == "shared" else own)

    def _init_weights(self, module):
        for name, parameter in module.named_parameters(recurse=False):
            if name == "bias":
                nn.init.zeros_(parameter)
            elif isinstance(module, nn.LayerNorm):
                nn.init.ones_(parameter)
            elif parameter.dim() > 0:
                nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)

    def embed(self, features, projector):
        if self.options["normalize_features"]:
            features = F.normalize(features.float(), dim=-1).to(features.dtype)
        embeddings = projector(features).float()
        return F.normalize(embeddings, dim=-1) if self.options["normalize_embeddings"] else embeddings

    def get_text_features(self, input_ids, attention_mask=None, **kwargs):
        """Embeddings [B, embed_dim] as Tandem's clip-embed gives them: of unit norm, if the model's are."""
        return self.embed(self.text(input_ids, attention_mask), self.text_projector)

    def get_image_features(self, pixel_values, **kwargs):
        return self.embed(self.image(pixel_values), self.image_projector)

    def forward(self, input_ids=None, pixel_values=None, attention_mask=None, return_loss=False, return_dict=None, **kwargs):
        texts = images = logits = None
        if input_ids is not None:
            texts = self.get_text_features(input_ids, attention_mask)
        if pixel_values is not None:
            images = self.get_image_features(pixel_values)
        if texts is not None and images is not None:
            logits = self.logit_scale.exp() * images @ texts.t()
            if self.options["logit_bias"]:
                logits = logits + self.logit_bias
        out = TandemOutput(
            loss=self.loss(logits) if return_loss and logits is not None else None,
            logits_per_image=logits,
            logits_per_text=None if logits is None else logits.t(),
            text_embeds=texts,
            image_embeds=images,
        )
        return out if return_dict is not False else out.to_tuple()

    def loss(self, logits):
        if self.options["logit_bias"]:  # each pair by itself, as SigLIP
            signs = 2 * torch.eye(len(logits), device=logits.device) - 1
            return -F.logsigmoid(signs * logits).sum() / len(logits)
        target = torch.arange(len(logits), device=logits.device)
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2
