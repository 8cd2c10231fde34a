#!/usr/bin/env python3
"""Runs clip-bench and the peers in turn, and prints one table of ratios. Called by compare.sh, which explains the
options."""

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

import smoke_inputs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts"))
import command_line  # noqa: E402

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
        """None without an interpreter that has the peers."""
        if not self.options.peer_python:
            return None
        threads = threads or self.threads
        return self.json_of([self.options.peer_python, HERE / "peers" / script, *words, "--threads", threads],
                            OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)


def rate(result):
    return next(value for key, value in result.items() if key.endswith("_per_second") and "flops" not in key)


def compare(bench, name, target, ours, theirs, value=rate, bigger_is_better=True):
    """Runs both in turn, `rounds` times, and returns a row with medians and their ratio; without a peer, ours alone."""
    pairs = [(ours(), theirs()) for _ in range(bench.options.rounds)]
    mine = statistics.median(value(each) for each, _ in pairs)
    row = {"what": name, "tandem": mine, "target": target}
    text = f"  {name:<58} {mine:>10.4g}"
    if pairs[0][1] is not None:
        peer = statistics.median(value(each) for _, each in pairs)
        row.update(peer=peer, ratio=mine / peer if bigger_is_better else peer / mine)
        text += f" {peer:>10.4g} {row['ratio']:>7.2f}x   (at least {target:g}x)"
    print(text, flush=True)
    return row


def small(bench, *words):
    """The words in a smoke run, which is to be short; nothing in a measurement."""
    return list(words) if bench.options.smoke else []


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
    less = small(bench, "--batch-size", "2", "--warmup", "0", "--repeats", "1")
    for peer, target in (("open_clip", 1.3), ("onnxruntime", 1.1)):
        yield compare(bench, f"ViT-B/32 encode, batch 32, fp32, images/s: {peer}", target,
                      lambda: bench.tandem("encode-image", "--image-preset", "vit_b_32", *less),
                      lambda p=peer: bench.peer("encode_image.py", "--peer", p, *less))


def encode_int8_rows(bench, _):
    words = ["encode-image", "--image-preset", "vit_b_32",
             *small(bench, "--batch-size", "2", "--warmup", "0", "--repeats", "1")]
    row = compare(bench, "ViT-B/32 encode, batch 32, int8, images/s: our fp32", 2.5,
                  lambda: bench.tandem(*words, "--precision", "int8"), lambda: bench.tandem(*words))
    row["cosine"] = min(run["result"]["cosine_to_fp32"] for run in bench.runs if "cosine_to_fp32" in run["result"])
    print(f"  {'':<58} {'cosine':>10} {row['cosine']:>10.4f}", flush=True)
    yield row


def encode_text_rows(bench, lengths):
    words = ["--lengths", lengths, *(small(bench, "--batch-size", "2", "--warmup", "0", "--repeats", "1")
                                     or ["--batches", "4", "--repeats", "3"])]
    for peer, target in (("transformers", 1.5), ("open_clip", 4)):
        yield compare(bench, f"RoBERTa-base encode, batch 32, fp32, texts/s: {peer}", target,
                      lambda: bench.tandem("encode-text", "--text-preset", "roberta_base", *words),
                      lambda p=peer: bench.peer("encode_text.py", "--peer", p, *words))


def train_step_rows(bench, lengths):
    words = ["--lengths", lengths, *(small(bench, "--batch-size", "4", "--warmup", "0", "--repeats", "1")
                                     or ["--batch-size", "128", "--warmup", "3", "--repeats", "15"])]
    config = ROOT / "configs" / "quickstart.json"
    yield compare(bench, "training step, quickstart's model, pairs/s: transformers", 1.4,
                  lambda: bench.tandem("train-step", "--config", config, *words),
                  lambda: bench.peer("train_step.py", *words))


def cold_start_rows(bench, _):
    with tempfile.TemporaryDirectory() as folder:
        original, model = pathlib.Path(folder) / "open_clip", pathlib.Path(folder) / "tandem"
        original.mkdir()
        command = [bench.options.peer_python, HERE / "peers" / "cold_start.py", original]
        if bench.options.peer_python:
            subprocess.run(command, check=True, capture_output=True)  # writes the model
        else:
            smoke_inputs.write_open_clip_model(original)
        subprocess.run([bench.options.bin / "clip-convert", "--from", "open_clip", "--input", original, "--output", model],
                       check=True, capture_output=True)

        def start_peer():
            if not bench.options.peer_python:
                return None
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return {"starts_per_second": 1.0 / (time.perf_counter() - began)}

        words = ["--model", model, "--image", original / "picture.png",
                 *(small(bench, "--warmup", "0", "--repeats", "1") or ["--repeats", "3"])]
        yield compare(bench, "clip-zeroshot from start to answer, ViT-B/32, 1/s: open_clip", 8,
                      lambda: bench.tandem("cold-start", *words), start_peer)


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
    if not options.captions or not options.peer_python:
        return str(STAMPS)
    path = pathlib.Path(folder) / "lengths.txt"
    subprocess.run([options.peer_python, HERE / "peers" / "lengths.py", options.captions, path], check=True)
    return str(path)


def parse():
    p = command_line.Parser(__doc__)
    p.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    p.add_argument("--photos")
    p.add_argument("--captions")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=min(2, os.cpu_count()))
    p.add_argument("--loss-count", type=int, default=8192)
    p.add_argument("--only", action="append", choices=ROWS, default=[])
    p.add_argument("--output", type=pathlib.Path)
    p.add_argument("--smoke", action="store_true")
    options = p.parse_args()
    options.peer_python = os.environ.get("PEER_PYTHON")
    if options.smoke:
        options.rounds, options.loss_count = 1, 64
    elif not options.peer_python:
        options.peer_python = subprocess.run([HERE / "setup_peers.sh"], check=True, stdout=subprocess.PIPE,
                                             text=True).stdout.strip()
    return options


def write_record(options, bench, rows):
    date = datetime.datetime.now(datetime.timezone.utc)
    cpu = re.sub(r"[^a-z0-9]+", "-", processor().lower()).strip("-")
    output = options.output or HERE / "results" / f"{date:%Y-%m-%d}-{cpu}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"date": f"{date:%Y-%m-%dT%H:%MZ}", "processor": processor(),
                                  "threads": options.threads, "rows": rows, "runs": bench.runs}, indent=1) + "\n",
                      encoding="utf-8")
    print(f"written: {output}")


def main():
    options = parse()
    bench, rows, failures = Bench(options), [], []
    print(f"{processor()}, {options.threads} threads, load {os.getloadavg()[0]:.1f}\n"
          f"  {'what: peer':<58} {'tandem':>10} {'peer':>10} {'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        lengths = text_lengths(options, folder)
        if options.smoke and not options.photos:
            options.photos = smoke_inputs.write_photos(pathlib.Path(folder))
        for name in options.only or ROWS:
            try:
                rows += list(ROWS[name](bench, lengths))
            except (RuntimeError, subprocess.CalledProcessError) as error:
                failures.append(name)
                print(f"  {name}: failed: {error}", file=sys.stderr)
    if options.output or not options.smoke:
        write_record(options, bench, rows)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
