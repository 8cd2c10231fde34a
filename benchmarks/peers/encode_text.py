"""RoBERTa-base text tower, fp32, random weights: transformers padded to the longest text of a batch, or open_clip's
wrapper of the same network padded to 77."""

import torch

import common

CONTEXT = 77


def roberta():
    import transformers
    config = transformers.RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1,
                                        layer_norm_eps=1e-5, attn_implementation="sdpa")
    return transformers.RobertaModel(config, add_pooling_layer=False).eval()


def padded_batches(lengths, batch_size, batches, width):
    """Ids and mask per batch; width 0 pads to the batch's longest text."""
    result = []
    for b in range(batches):
        chosen = [min(lengths[(b * batch_size + i) % len(lengths)], CONTEXT) for i in range(batch_size)]
        columns = width or max(chosen)
        mask = torch.arange(columns) < torch.tensor(chosen).unsqueeze(1)
        ids = torch.randint(4, 50265, (batch_size, columns))
        result.append((torch.where(mask, ids, torch.ones(())).long(), mask.long()))
    return result


def main():
    p = common.parser(__doc__)
    p.add_argument("--peer", choices=["transformers", "open_clip"], default="transformers")
    p.add_argument("--lengths", required=True)
    p.add_argument("--batches", type=int, default=1)
    options = p.parse_args()
    torch.manual_seed(0)
    model = roberta()
    project = torch.nn.Linear(768, 512)
    width = CONTEXT if options.peer == "open_clip" else 0
    batches = padded_batches(common.read_lengths(options.lengths), options.batch_size, options.batches, width)

    def work():
        # open_clip's HFTextEncoder runs this network on the whole width and pools by the mask, as done here.
        for ids, mask in batches:
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
            weights = mask.unsqueeze(-1)
            features = project((states * weights).sum(1) / weights.sum(1))
            torch.nn.functional.normalize(features, dim=-1)

    with torch.inference_mode():
        seconds = common.measure(options, work)
    common.report("encode-text", options.peer, "texts", options.batch_size * options.batches, seconds)


if __name__ == "__main__":
    main()
