"""One training step of the quickstart's model in transformers and PyTorch eager with the fused AdamW, fp32."""

import json
import pathlib

import torch
import torch.nn.functional as F
import transformers

import common

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "configs" / "quickstart.json"


class Clip(torch.nn.Module):
    def __init__(self, model, vocab_size):
        super().__init__()
        text, image, dim = model["text"], model["image"], model["embed_dim"]
        self.text = transformers.RobertaModel(transformers.RobertaConfig(
            vocab_size=vocab_size, hidden_size=text["width"], num_hidden_layers=text["layers"],
            num_attention_heads=text["heads"], intermediate_size=4 * text["width"], type_vocab_size=1,
            max_position_embeddings=text["context_length"] + 2, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0, attn_implementation="sdpa"), add_pooling_layer=False)
        self.image = transformers.ViTModel(transformers.ViTConfig(
            image_size=image["image_size"], patch_size=image["patch_size"], hidden_size=image["width"],
            num_hidden_layers=image["layers"], num_attention_heads=image["heads"], intermediate_size=4 * image["width"],
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, attn_implementation="sdpa"),
            add_pooling_layer=False)
        self.text_projector = self.projector(text["width"], dim)
        self.image_projector = self.projector(image["width"], dim)
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.6593))

    @staticmethod
    def projector(width, dim):
        return torch.nn.Sequential(torch.nn.Linear(width, dim), torch.nn.GELU(), torch.nn.LayerNorm(dim))

    def forward(self, images, ids, mask):
        pixels = (images.float() - 120.0) / 70.0
        image = self.image(pixels).last_hidden_state[:, 1:].mean(1)
        states = self.text(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1)
        text = (states * weights).sum(1) / weights.sum(1)
        image = F.normalize(self.image_projector(image), dim=-1)
        text = F.normalize(self.text_projector(text), dim=-1)
        logits = self.logit_scale.exp() * image @ text.t()
        target = torch.arange(len(images))
        return (F.cross_entropy(logits, target) + F.cross_entropy(logits.t(), target)) / 2


def main():
    p = common.parser(__doc__)
    p.add_argument("--lengths", required=True)
    options = p.parse_args()
    torch.manual_seed(0)
    config = json.loads(CONFIG.read_text(encoding="utf-8"))
    vocab_size, size = 1000, config["model"]["image"]["image_size"]
    model = Clip(config["model"], vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.2, fused=True)
    known = common.read_lengths(options.lengths)
    lengths = torch.tensor([min(known[i % len(known)], 32) for i in range(options.batch_size)])
    mask = (torch.arange(int(lengths.max())) < lengths.unsqueeze(1)).long()
    ids = torch.where(mask == 1, torch.randint(4, vocab_size, mask.shape), 1)
    images = torch.randint(0, 256, (options.batch_size, 3, size, size), dtype=torch.uint8)

    def step():
        optimizer.zero_grad(set_to_none=True)
        model(images, ids, mask).backward()
        torch.nn.utils.get_total_norm([q.grad for q in model.parameters() if q.grad is not None])
        optimizer.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0.0, 4.6052)

    seconds = common.measure(options, step)
    common.report("train-step", "transformers", "pairs", options.batch_size, seconds)


if __name__ == "__main__":
    main()
