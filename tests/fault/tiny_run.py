"""A run of clip-train that takes a second, for tests that disturb it: its configuration, how it is
started, and what it must have come to whatever happened on the way."""

import hashlib
import json
import os
import pathlib
import subprocess

STEPS = 12


def configuration(output_dir):
    """Evaluations, a best checkpoint and TensorBoard are in it: they write files too."""
    return {
        "run": {"name": "tiny", "output_dir": str(output_dir), "seed": 5, "device": "cpu",
                "cpu_threads": 1},
        "model": {"embed_dim": 8,
                  "text": {"width": 8, "layers": 1, "heads": 1, "context_length": 12},
                  "image": {"width": 8, "layers": 1, "heads": 1, "patch_size": 16}},
        "tokenizer": {"train_vocab_size": 60},
        "data": {"train": {"kind": "shapes", "shapes": {"count": 32}},
                 "validation": {"kind": "shapes", "shapes": {"count": 16}}, "batch_size": 8,
                 "loader_threads": 1,
                 "augment": {"flip_ratio": 0.5, "crop_scale_min": 0.5}},
        "optim": {"lr": 0.001},
        "train": {"max_steps": STEPS, "log_every_steps": 1, "checkpoint_every_steps": 3,
                  "keep_last": 2, "keep_every_steps": 6,
                  "keep_best_metric": "retrieval/text_retrieval_recall@1", "save_model": "best"},
        "eval": {"every_steps": 4, "max_samples": 16, "batch_size": 16},
    }


class Run:
    """One run in a folder of its own, started as often as it takes."""

    def __init__(self, program, folder, changes=None):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        config = configuration(self.folder / "runs")
        for section, values in (changes or {}).items():
            config[section].update(values)
        self.steps = config["train"]["max_steps"]
        (self.folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        self.directory = self.folder / "runs" / "tiny"

    def start(self, **environment):
        """Starts clip-train; standard error goes into a file, for it may be killed."""
        with open(self.folder / "stderr.txt", "wb") as errors:
            return subprocess.Popen(
                [self.program, "--config", str(self.folder / "config.json")],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                env={**os.environ, "OMP_NUM_THREADS": "1", **environment})

    def finish(self, **environment):
        """Runs to the end. Returns the exit code."""
        return self.start(**environment).wait(timeout=600)

    def words(self):
        return (self.folder / "stderr.txt").read_text(encoding="utf-8", errors="replace")

    def went_on_from(self):
        """The step that the latest start said it goes on from; 0 for a new run, None when it said
        nothing yet."""
        words = self.words()
        for line in words.splitlines():
            if line.startswith("Resuming after step "):
                return int(line.split()[-1].rstrip("."))
        return 0 if "info: training in " in words else None

    def acknowledged(self):
        """The step of the newest checkpoint that was verified; 0 for none."""
        try:
            return int((self.directory / "checkpoints" / "latest").read_text().strip()[5:])
        except FileNotFoundError:
            return 0

    def half_written(self):
        """Names of files and folders that were in the making."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*.tmp-*"))

    def result(self):
        """All that must be the same however often the run was disturbed."""
        last = self.directory / "checkpoints" / f"step-{self.steps:08}"
        files = [self.directory / "model" / "model.safetensors", last / "model.safetensors",
                 last / "optimizer.safetensors", last / "state.json"]
        found = {str(path.relative_to(self.directory)):
                 hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        numbers = []
        for line in (self.directory / "metrics.jsonl").read_text().splitlines():
            entry = {name: value for name, value in json.loads(line).items()
                     if name != "wall_time" and not name.startswith("perf/")}
            if entry not in numbers[-1:]:  # a complete run evaluates once more when started again
                numbers.append(entry)
        found["metrics.jsonl"] = numbers
        found["half-written"] = self.half_written()
        return found


def differences(expected, found):
    return [name for name in expected if expected[name] != found.get(name)]
