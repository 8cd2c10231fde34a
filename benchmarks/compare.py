#!/usr/bin/env python3
"""Runs clip-bench and the peers in turn, and prints one table of ratios. Called by compare.sh, which explains the
options."""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
STAMPS = HERE / "caption_lengths.txt"


def without_folders(value):
    """The value with names instead of absolute paths, in any depth: where a machine keeps its files is nobody's business."""
    if isinstance(value, dict):
        return {key: without_folders(each) for key, each in value.items()}
    if isinstance(value, list):
        return [without_folders(each) for each in value]
    return os.path.basename(value) if isinstance(value, str) and os.path.isabs(value) else value


class Bench:
    """Runs the programs of one comparison and keeps what they printed."""

    def __init__(self, options):
        self.options = options
        self.threads = str(options.threads)
        self.runs = []

    def json_of(self, command, **environment):
        command = [str(word) for word in command]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
        result = json.loads(done.stdout)
        self.runs.append(without_folders({"command": command, "load": os.getloadavg()[0], "result": result}))
        return result

    def tandem(self, *words, threads=None):
        return self.json_of([self.options.bin / "clip-bench", *words, "--threads", threads or self.threads])

    def peer(self, script, *words, threads=None):
        threads = threads or self.threads
        return self.json_of([self.options.peer_python, HERE / "peers" / script, *words, "--threads", threads],
                            OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)


def rate(result):
    return next(value for key, value in result.items() if key.endswith("_per_second") and "flops" not in key)


def compare(bench, name, target, ours, theirs, value=rate, bigger_is_better=True):
    """Runs both in turn, `rounds` times, and returns a row with medians and their ratio."""
    pairs = [(value(ours()), value(theirs())) for _ in range(bench.options.rounds)]
    mine, peer = (statistics.median(column) for column in zip(*pairs))
    ratio = mine / peer if bigger_is_better else peer / mine
    row = {"what": name, "tandem": mine, "peer": peer, "ratio": ratio, "target": target}
    print(f"  {name:<58} {mine:>10.4g} {peer:>10.4g} {ratio:>7.2f}x   (at least {target:g}x)", flush=True)
    return row


def loader_rows(bench, _):
    if not bench.options.photos:
        print("  loader: left out, no --photos")
        return
    data = ["--data", bench.options.photos]
    for threads, name in (("1", "photos to pixels, one core, images/s"), (bench.threads, "whole loader, images/s")):
        yield compare(bench, f"{name}: DataLoader, open_clip, Pillow", 5,
                      lambda t=threads: bench.tandem("loader", *data, "--repeats", "1", threads=t),
                      lambda t=threads: bench.peer("loader.py", *data, "--repeats", "1", "--warmup", "0", threads=t))


def encode_image_rows(bench, _):
    for peer, target in (("open_clip", 1.3), ("onnxruntime", 1.1)):
        yield compare(bench, f"ViT-B/32 encode, batch 32, fp32, images/s: {peer}", target,
                      lambda: bench.tandem("encode-image", "--image-preset", "vit_b_32"),
                      lambda p=peer: bench.peer("encode_image.py", "--peer", p))


def encode_int8_rows(bench, _):
    words = ["encode-image", "--image-preset", "vit_b_32"]
    row = compare(bench, "ViT-B/32 encode, batch 32, int8, images/s: our fp32", 2.5,
                  lambda: bench.tandem(*words, "--precision", "int8"), lambda: bench.tandem(*words))
    row["cosine"] = min(run["result"]["cosine_to_fp32"] for run in bench.runs if "cosine_to_fp32" in run["result"])
    print(f"  {'':<58} {'cosine':>10} {row['cosine']:>10.4f}", flush=True)
    yield row


def encode_text_rows(bench, lengths):
    words = ["--lengths", lengths, "--batches", "4", "--repeats", "3"]
    for peer, target in (("transformers", 1.5), ("open_clip", 4)):
        yield compare(bench, f"RoBERTa-base encode, batch 32, fp32, texts/s: {peer}", target,
                      lambda: bench.tandem("encode-text", "--text-preset", "roberta_base", *words),
                      lambda p=peer: bench.peer("encode_text.py", "--peer", p, *words))


def train_step_rows(bench, lengths):
    words = ["--lengths", lengths, "--batch-size", "128", "--warmup", "3", "--repeats", "15"]
    config = ROOT / "configs" / "quickstart.json"
    yield compare(bench, "training step, quickstart's model, pairs/s: transformers", 1.4,
                  lambda: bench.tandem("train-step", "--config", config, *words),
                  lambda: bench.peer("train_step.py", *words))


def cold_start_rows(bench, _):
    with tempfile.TemporaryDirectory() as folder:
        command = [bench.options.peer_python, HERE / "peers" / "cold_start.py", folder]
        subprocess.run(command, check=True, capture_output=True)  # writes the model
        model = f"{folder}/tandem"
        subprocess.run([bench.options.bin / "clip-convert", "--from", "open_clip", "--input", folder, "--output", model],
                       check=True, capture_output=True)

        def start_peer():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return {"starts_per_second": 1.0 / (time.perf_counter() - began)}

        yield compare(bench, "clip-zeroshot from start to answer, ViT-B/32, 1/s: open_clip", 8,
                      lambda: bench.tandem("cold-start", "--repeats", "3", "--model", model, "--image", f"{folder}/picture.png"),
                      start_peer)


def loss_rows(bench, _):
    count = str(bench.options.loss_count)
    words = ["loss", "--count", count, "--dim", "512", "--warmup", "0", "--repeats", "1"]
    done = {}

    def once(form, flags):
        if form not in done:
            done[form] = bench.tandem(*words, *flags)
        return done[form]

    for name, target, value, bigger in (
            (f"loss, N = {count}, d = 512, pairs/s: plain logits", 1 / 1.3, rate, True),
            (f"loss, N = {count}, d = 512, bytes: plain logits", 8, lambda r: r["peak_extra_bytes"], False)):
        yield compare(bench, name, target, lambda: once("tiled", []), lambda: once("plain", ["--plain"]), value, bigger)


ROWS = {"loader": loader_rows, "encode-image": encode_image_rows, "encode-int8": encode_int8_rows,
        "encode-text": encode_text_rows, "train-step": train_step_rows, "cold-start": cold_start_rows, "loss": loss_rows}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def text_lengths(options, folder):
    if not options.captions:
        return str(STAMPS)
    path = pathlib.Path(folder) / "lengths.txt"
    subprocess.run([options.peer_python, HERE / "peers" / "lengths.py", options.captions, path], check=True)
    return str(path)


def parse():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--peer-python", required=True)
    p.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    p.add_argument("--photos")
    p.add_argument("--captions")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=min(2, os.cpu_count()))
    p.add_argument("--loss-count", type=int, default=8192)
    p.add_argument("--only", action="append", choices=ROWS, default=[])
    p.add_argument("--output", type=pathlib.Path)
    return p.parse_args()


def main():
    options = parse()
    bench, rows, failures = Bench(options), [], []
    print(f"{processor()}, {options.threads} threads, load {os.getloadavg()[0]:.1f}\n"
          f"  {'what: peer':<58} {'tandem':>10} {'peer':>10} {'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        lengths = text_lengths(options, folder)
        for name in options.only or ROWS:
            try:
                rows += list(ROWS[name](bench, lengths))
            except (RuntimeError, subprocess.CalledProcessError) as error:
                failures.append(name)
                print(f"  {name}: failed: {error}", file=sys.stderr)
    date = datetime.datetime.now(datetime.timezone.utc)
    cpu = re.sub(r"[^a-z0-9]+", "-", processor().lower()).strip("-")
    output = options.output or HERE / "results" / f"{date:%Y-%m-%d}-{cpu}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"date": f"{date:%Y-%m-%dT%H:%MZ}", "processor": processor(),
                                  "threads": options.threads, "rows": rows, "runs": bench.runs}, indent=1) + "\n",
                      encoding="utf-8")
    print(f"written: {output}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
