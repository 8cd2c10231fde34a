"""Pictures from disk to batches of tensors: PyTorch's DataLoader over open_clip's transform (Pillow)."""

import csv
import pathlib

import open_clip
import torch
from PIL import Image

import common


class Table(torch.utils.data.Dataset):
    def __init__(self, path, transform, tokenizer):
        with open(path, encoding="utf-8", newline="") as file:
            self.rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        self.root, self.transform, self.tokenizer = pathlib.Path(path).parent, transform, tokenizer

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        with Image.open(self.root / row["filepath"]) as image:
            return self.transform(image), self.tokenizer([row["title"]])[0]


def main():
    p = common.parser(__doc__)
    p.add_argument("--data", required=True, help="table with the columns filepath and title")
    options = p.parse_args()
    transform = open_clip.image_transform(224, is_train=False)
    table = Table(options.data, transform, open_clip.SimpleTokenizer())

    def one_pass():
        # One worker is the loop itself: that is the faster form of it.
        workers = options.threads if options.threads > 1 else 0
        for _ in torch.utils.data.DataLoader(table, batch_size=options.batch_size, num_workers=workers):
            pass

    seconds = common.measure(options, one_pass)
    common.report("loader", "DataLoader + open_clip", "images", len(table), seconds)


if __name__ == "__main__":
    main()
