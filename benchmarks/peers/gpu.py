"""The GPU rows' peers: ViT-B/16 at 224 and RoBERTa-base in PyTorch, bf16 autocast, SDPA, fused AdamW, eager or compiled."""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

CONTEXT = 77


class Block(torch.nn.Module):
    """A transformer block as the reference models have it, pre-norm (ViT) or post-norm (RoBERTa)."""

    def __init__(self, width, heads, pre_norm):
        super().__init__()
        self.heads, self.pre_norm = heads, pre_norm
        self.qkv, self.out = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.up, self.down = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)
        self.norm1, self.norm2 = torch.nn.LayerNorm(width), torch.nn.LayerNorm(width)

    def attend(self, x, mask):
        batch, length, width = x.shape
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def forward(self, x, mask=None):
        if self.pre_norm:
            x = x + self.attend(self.norm1(x), mask)
            return x + self.down(F.gelu(self.up(self.norm2(x))))
        x = self.norm1(x + self.attend(x, mask))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Image(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.patches = torch.nn.Conv2d(3, 768, 16, 16)
        self.cls, self.positions = torch.nn.Parameter(torch.zeros(768)), torch.nn.Parameter(torch.zeros(197, 768))
        self.blocks = torch.nn.ModuleList(Block(768, 12, True) for _ in range(12))
        self.norm, self.project = torch.nn.LayerNorm(768), torch.nn.Linear(768, 512)

    def forward(self, images):
        pixels = (images.float() - 120.0) / 70.0
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), 1, -1).to(x.dtype), x], 1) + self.positions
        for block in self.blocks:
            x = block(x)
        return F.normalize(self.project(self.norm(x[:, 0])).float(), dim=-1)


class Text(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = torch.nn.Embedding(50265, 768), torch.nn.Embedding(514, 768)
        self.blocks = torch.nn.ModuleList(Block(768, 12, False) for _ in range(12))
        self.norm, self.project = torch.nn.LayerNorm(768), torch.nn.Linear(768, 512)

    def forward(self, ids, mask):
        x = self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1], device=ids.device)))
        for block in self.blocks:
            x = block(x, mask[:, None, None, :])
        weights = mask.unsqueeze(-1)
        return F.normalize(self.project((x * weights).sum(1) / weights.sum(1)).float(), dim=-1)


class Clip(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.text = Image(), Text()
        self.logit_scale = torch.nn.Parameter(torch.tensor(2.6593))

    def forward(self, images, ids, mask):
        logits = self.logit_scale.exp() * self.image(images) @ self.text(ids, mask).t()
        target = torch.arange(len(images), device=images.device)
        return (F.cross_entropy(logits.float(), target) + F.cross_entropy(logits.t().float(), target)) / 2


def text_lengths(file, batch):
    """Lengths of the batch's texts, the file's taken in turn: what is padded to the longest."""
    if file is None:
        return torch.full((batch,), 32)
    with open(file, encoding="utf-8") as lines:
        known = [min(int(line), CONTEXT) for line in lines]
    return torch.tensor([known[i % len(known)] for i in range(batch)])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("work", choices=["train-step", "encode-image"])
    p.add_argument("--compile", action="store_true")
    p.add_argument("--batch-size", type=int, default=0)
    p.add_argument("--lengths", help="lengths of texts in tokens, one per line; without it all have 32")
    p.add_argument("--repeats", type=int, default=7)
    p.add_argument("--device", default="cuda")
    options = p.parse_args()
    torch.manual_seed(0)
    torch.set_float32_matmul_precision("high")
    training = options.work == "train-step"
    batch = options.batch_size or (1024 if training else 256)
    model = Clip().to(options.device)
    images = torch.randint(0, 256, (batch, 3, 224, 224), dtype=torch.uint8, device=options.device)
    lengths = text_lengths(options.lengths, batch).to(options.device)
    mask = torch.arange(int(lengths.max()), device=options.device) < lengths.unsqueeze(1)
    ids = torch.randint(4, 50265, mask.shape, device=options.device)
    run = model if training else model.image.eval()
    if options.compile:
        run = torch.compile(run, mode="max-autotune")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def work():
        with torch.autocast(torch.device(options.device).type, torch.bfloat16):
            if not training:
                with torch.inference_mode():
                    run(images)
                return
            loss = run(images, ids, mask)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    def synchronize():
        if options.device.startswith("cuda"):
            torch.cuda.synchronize()

    seconds = []
    for repeat in range(3 + options.repeats):
        synchronize()
        start = time.perf_counter()
        work()
        synchronize()
        if repeat >= 3:
            seconds.append(time.perf_counter() - start)
    middle = statistics.median(seconds)
    print(json.dumps({"benchmark": options.work, "peer": "compile" if options.compile else "eager", "batch_size": batch,
                      "mean_tokens": lengths.float().mean().item(), "seconds": {"median": middle, "min": min(seconds), "max": max(seconds)},
                      f"{'pairs' if training else 'images'}_per_second": batch / middle}))


if __name__ == "__main__":
    main()
