"""What the peers share: the clock, and one JSON object as the result, in clip-bench's form."""

import argparse
import json
import statistics
import time

import torch


def parser(description):
    p = argparse.ArgumentParser(description=description)
    p.add_argument("--warmup", type=int, default=1)
    p.add_argument("--repeats", type=int, default=5)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--batch-size", type=int, default=32)
    return p


def measure(options, work):
    torch.set_num_threads(options.threads)
    for _ in range(options.warmup):
        work()
    seconds = []
    for _ in range(options.repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def report(benchmark, peer, item, items, seconds, **more):
    middle = statistics.median(seconds)
    print(json.dumps({
        "benchmark": benchmark, "peer": peer,
        "seconds": {"median": middle, "min": min(seconds), "max": max(seconds), "repeats": len(seconds)},
        f"{item}_per_second": items / middle, **more}))


def read_lengths(path):
    """Lengths of texts in tokens, special tokens included, one per line."""
    with open(path, encoding="utf-8") as file:
        return [int(line) for line in file if line.strip()]
