#!/usr/bin/env python3
"""Writes tests/golden/blip/salesforce/steps.safetensors: three training steps of BLIP, computed with the modules of transformers.

    scripts/make_golden_blip_steps.py

The first weights are those of tests/golden/blip/salesforce/model.pth (scripts/make_golden_blip.py). The losses, the momentum twin, the
queue and the soft targets are written out here after Li et al., arXiv:2201.12086 and arXiv:2107.07651; weights move by plain
gradient descent. A batch shows two contents twice each: whichever negative is drawn, it is the other content. The queue of six
features goes around within the second batch, and the third batch shows what the first one showed, which the queue still holds in part.

Written: in.images uint8 [steps, B, 3, 12, 12], in.ids and in.cu_seqlens of all texts in order, in.groups [steps, B]; out.contrastive,
out.matching and out.captioning [steps]; out.weights.NAME, a few weights after the last step, and out.twin and out.queue likewise.
"""
import copy
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
import transformers as hf  # noqa: E402
from make_golden_blip import FOLDER, author_name, configuration  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

STEPS, RATE, MOMENTUM, QUEUE, SOFT, RAMP, SMOOTHING = 3, 0.05, 0.9, 6, 0.4, 2, 0.1
CLS, SEP, DEC, ENC = 101, 102, 108, 109
CONTENTS = [[[7, 8, 9, 10], [11, 12]], [[13, 14, 15], [16]], [[7, 8, 9, 10], [11, 12]]]
GROUPS = [[0, 1, 0, 1], [2, 3, 2, 3], [0, 1, 0, 1]]
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(3, 1, 1)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(3, 1, 1)


class Blip(torch.nn.Module):
    """Both forms of one pre-training model; they share what the file's authors share."""

    def __init__(self):
        super().__init__()
        text = dict(hidden_size=64, intermediate_size=16, num_hidden_layers=1, num_attention_heads=1, vocab_size=110,
                    bos_token_id=DEC, eos_token_id=SEP, sep_token_id=SEP)
        config = configuration(text, dict(hidden_size=128, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2))
        self.matcher = hf.BlipForImageTextRetrieval(config)
        self.decoder = hf.BlipForConditionalGeneration(config).text_decoder
        weights = torch.load(FOLDER / "salesforce" / "model.pth", weights_only=True)["model"]
        for module, prefix in ((self.matcher, ""), (self.decoder, "text_decoder.")):
            module.load_state_dict({key: weights[author_name(prefix + key)].float() for key in module.state_dict()})
        shared = dict(self.matcher.text_encoder.named_parameters())
        for name, _ in list(self.decoder.bert.named_parameters()):
            if ".attention." not in name:
                owner, leaf = name.rsplit(".", 1)
                setattr(self.decoder.bert.get_submodule(owner), leaf, shared[name])
        self.decoder.cls.predictions.decoder.weight = self.decoder.bert.embeddings.word_embeddings.weight
        self.log_scale = torch.nn.Parameter(-weights["temp"].log())
        self.eval()

    def images(self, pixels):
        states = self.matcher.vision_model(pixels).last_hidden_state
        return states, F.normalize(self.matcher.vision_proj(states[:, 0]), dim=-1)

    def texts(self, ids, mask):
        states = self.matcher.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return F.normalize(self.matcher.text_proj(states[:, 0]), dim=-1)

    def match(self, states, ids, mask):
        out = self.matcher.text_encoder(input_ids=ids, attention_mask=mask, encoder_hidden_states=states,
                                        encoder_attention_mask=torch.ones(states.shape[:2], dtype=torch.long))
        return self.matcher.itm_head(out.last_hidden_state[:, 0])


def padded(texts):
    width = max(map(len, texts)) + 2
    ids = torch.tensor([[CLS, *text, SEP] + [0] * (width - len(text) - 2) for text in texts])
    return ids, (ids != 0).long()


def begin_with(ids, first):
    ids = ids.clone()
    ids[:, 0] = first
    return ids


def step_losses(model, twin, queue, pixels, texts, groups, updates):
    ids, mask = padded(texts)
    states, image = model.images(pixels)
    text = model.texts(ids, mask)
    with torch.no_grad():
        features = twin.images(pixels)[1], twin.texts(ids, mask), groups
        targets = [torch.cat([new, old]) for new, old in zip(features, queue)]
        same = (groups[:, None] == targets[2][None]).float()
        hard = same / same.sum(1, keepdim=True)
        soft = SOFT * min(1.0, updates / RAMP)
        scale = model.log_scale.exp()
        wanted = [(1 - soft) * hard + soft * (scale * own @ others.T).softmax(1)
                  for own, others in ((features[0], targets[1]), (features[1], targets[0]))]
    scale = model.log_scale.exp()
    contrastive = sum(F.cross_entropy(scale * own @ others.T, goal)
                      for own, others, goal in ((image, targets[1], wanted[0]), (text, targets[0], wanted[1]))) / 2
    other = torch.tensor([1, 0, 3, 2])
    enc = begin_with(ids, ENC)
    matching = F.cross_entropy(
        torch.cat([model.match(states, enc, mask), model.match(states, enc[other], mask[other]),
                   model.match(states[other], enc, mask)]), torch.tensor([1] * 4 + [0] * 8))
    dec = begin_with(ids, DEC)
    logits = model.decoder(input_ids=dec, attention_mask=mask, encoder_hidden_states=states, return_logits=True, is_decoder=True,
                           reduction="mean")
    goals = dec[:, 1:].masked_fill(mask[:, 1:] == 0, -100)
    captioning = F.cross_entropy(logits.flatten(0, 1), goals.flatten(), label_smoothing=SMOOTHING)
    return (contrastive, matching, captioning), features


def push(queue, pushed, features):
    for held, new in zip(queue, features):
        for i, row in enumerate(new):
            place = (pushed + i) % QUEUE
            if place < len(held[0]):
                held[0][place] = row
            else:
                held[0] = torch.cat([held[0], row[None]])


def main():
    generator = torch.Generator().manual_seed(23)
    model = Blip()
    twin = copy.deepcopy(model)
    shown = torch.randint(0, 256, (2, 2, 3, 12, 12), generator=generator, dtype=torch.uint8)
    batches = [shown[0], shown[1], shown[0]]
    queue, pushed, losses, content = [[torch.zeros(0, 14)], [torch.zeros(0, 14)], [torch.zeros(0, dtype=torch.long)]], 0, [], []
    for step in range(STEPS):
        images = batches[step].repeat(2, 1, 1, 1)
        texts = CONTENTS[step] * 2
        groups = torch.tensor(GROUPS[step])
        pixels = (images / 255 - MEAN) / STD
        parts, features = step_losses(model, twin, [held[0] for held in queue], pixels, texts, groups, step)
        parameters = list(model.parameters())  # Each once, whoever shares it.
        gradients = torch.autograd.grad(sum(parts), parameters, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients):
                if gradient is not None:
                    parameter -= RATE * gradient
            push(queue, pushed, features)
            pushed += len(images)
            for ours, theirs in zip(twin.parameters(), model.parameters()):
                ours.lerp_(theirs, 1 - MOMENTUM)
        losses.append(torch.stack([part.detach() for part in parts]))
        content.append((images, texts))
        print(losses[-1].tolist())
    texts = [[CLS, *text, SEP] for _, batch in content for text in batch]
    losses = torch.stack(losses)
    encoder, decoder = model.matcher.text_encoder, model.decoder
    save_file({key: value.detach().contiguous().clone() for key, value in {
        "in.images": torch.stack([images for images, _ in content]), "in.ids": torch.tensor(sum(texts, [])),
        "in.cu_seqlens": torch.tensor([0] + [len(text) for text in texts]).cumsum(0).int(), "in.groups": torch.tensor(GROUPS),
        "out.contrastive": losses[:, 0], "out.matching": losses[:, 1], "out.captioning": losses[:, 2],
        "out.log_scale": model.log_scale, "out.token_embedding": encoder.embeddings.word_embeddings.weight,
        "out.decoder_query": decoder.bert.encoder.layer[0].attention.self.query.weight,
        "out.cross_value": encoder.encoder.layer[0].crossattention.self.value.weight,
        "out.matching_head": model.matcher.itm_head.weight, "out.image_norm": model.matcher.vision_model.post_layernorm.weight,
        "out.class_token": model.matcher.vision_model.embeddings.class_embedding,
        "out.twin.token_embedding": twin.matcher.text_encoder.embeddings.word_embeddings.weight,
        "out.queue.image_embeddings": queue[0][0], "out.queue.text_embeddings": queue[1][0], "out.queue.groups": queue[2][0],
    }.items()}, FOLDER / "salesforce" / "steps.safetensors", dict(torch=torch.__version__, transformers=hf.__version__))


if __name__ == "__main__":
    main()
