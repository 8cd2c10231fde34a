#!/usr/bin/env python3
"""Writes tests/golden/checkpoints/*.pt: one tiny state dict in the files that trainers make of it.

    scripts/make_golden_checkpoints.py

Needs torch and numpy; versions.txt says which. Each file holds `w` = 0 … 5 as [2, 3] and `layer.b` = 0 … 2, float32, under
these names or with what is put before them (`module.`). Nothing is downloaded.
"""
import argparse
import collections
import datetime
import enum
import pathlib

import command_line

command_line.begin(__name__, __doc__)
import numpy  # noqa: E402
import torch  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "checkpoints"


class Mode(enum.Enum):
    FAST = "fast"


class Layer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.b = torch.nn.Parameter(torch.arange(3.0))

    def forward(self, x):
        return x + self.b


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.arange(6.0).view(2, 3))
        self.layer = Layer()
        self.size = 3

    def forward(self, x):
        return self.layer(x @ self.w)


def trainer(model):
    """What a trainer keeps: weights among arguments, an optimizer, a scheduler, a scaler and numbers of other libraries."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 2)).sum().backward()
    weights = {f"module.{k}": v.clone() for k, v in model.state_dict().items()}
    optimizer.step()
    arguments = argparse.Namespace(lr=0.1, output=pathlib.Path("/runs/a"), mode=Mode.FAST, started=datetime.datetime(2024, 1, 2),
                                   betas=(0.9, 0.98), device=torch.device("cpu"), dtype=torch.float32, seed=2 ** 70, tags={"a", "b"})
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2)
    return dict(epoch=3, name="run", args=arguments, optimizer=optimizer.state_dict(), scheduler=scheduler.state_dict(),
                scaler=torch.amp.GradScaler("cpu").state_dict(), best=numpy.float64(0.5), history=numpy.arange(3),
                random=torch.get_rng_state(), counts=collections.defaultdict(int, a=1), state_dict=weights)


def with_attributes(model):
    """State dicts of parameters, tensors with attributes, views of one storage, and entries that are no tensors."""
    whole = torch.arange(9.0)
    named = whole[:6].view(2, 3)
    named.note = "kept by PyTorch"
    return collections.OrderedDict([("w", named), ("layer.b", torch.nn.Parameter(torch.arange(3.0))), ("version", 2), ("extra", None),
                                    ("quantised", torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8))])


def main():
    FOLDER.mkdir(exist_ok=True)
    torch.manual_seed(0)
    model = Model()
    state = model.state_dict()
    torch.save(state, FOLDER / "plain.pt")
    torch.save(state, FOLDER / "old_format.pt", _use_new_zipfile_serialization=False)
    torch.save(state, FOLDER / "protocol_4.pt", pickle_protocol=4)
    torch.save(model, FOLDER / "whole_module.pt")
    torch.jit.save(torch.jit.script(model), FOLDER / "torchscript.pt")
    torch.save(with_attributes(model), FOLDER / "attributes.pt")
    torch.save({"model": {"state_dict": state}, "ema": state, "config": {"a": 1}}, FOLDER / "nested.pt")
    torch.save({"student": state, "teacher": state}, FOLDER / "two_models.pt")
    torch.save({"epoch": 3, "optimizer": torch.optim.AdamW(model.parameters()).state_dict()}, FOLDER / "no_weights.pt")
    torch.save(argparse.Namespace(lr=0.1, batch=8), FOLDER / "arguments.pt")
    torch.save(trainer(model), FOLDER / "trainer.pt")
    torch.save(trainer(Model()), FOLDER / "trainer_old_format.pt", _use_new_zipfile_serialization=False)
    (FOLDER / "versions.txt").write_text(f"torch {torch.__version__}, numpy {numpy.__version__}\n")


if __name__ == "__main__":
    main()
