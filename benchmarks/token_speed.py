#!/usr/bin/env python3
"""Times Tandem's tokenizers beside the `tokenizers` package: the same texts, one thread each, in one run.

CPU seconds are counted, so that other work on the machine does not.

    benchmarks/token_speed.py --program P [--captions F] [--rounds N] [--output FILE]

P is tandem_token_stream. The vocabularies are trained by scripts/make_golden_tokens.py. Rounds of the two alternate; the median
counts. Prints a table, and JSON into FILE.
"""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts"))
import command_line  # noqa: E402

command_line.begin(__name__, __doc__)
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"
import make_golden_tokens as golden  # noqa: E402


def processor_name():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


def theirs(tokenizer, strings):
    begin = time.process_time()
    encodings = tokenizer.encode_batch_fast(strings)
    return time.process_time() - begin, sum(len(each.ids) for each in encodings)


def ours(program, path, texts, rounds):
    records = b"".join(b"%d\n%s" % (len(text), text) for text in texts)
    out = subprocess.run([program, str(path), "--bench", str(rounds)], input=records, capture_output=True, check=True).stdout
    rows = [line.split() for line in out.decode().splitlines()]
    return [float(seconds) for seconds, _ in rows], int(rows[0][1])


def main():
    parser = command_line.Parser(__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--captions", help="JSONL with captions by language; the English ones are used")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output")
    arguments = parser.parse_args()
    captions = golden.SENTENCES[:4]
    if arguments.captions:
        captions = [json.loads(line)["captions"]["en"] for line in open(arguments.captions, encoding="utf-8")]
    texts = [text.encode() for text in captions * (20000 // len(captions))]
    strings = [text.decode() for text in texts]
    megabytes = sum(map(len, texts)) / 1e6
    rows = []
    print(f"{len(texts)} captions, {megabytes:.2f} MB, one thread; {processor_name()}")
    print(f"{'tokenizer':12} {'tokenizers':>12} {'Tandem':>12}   ratio   (captions per second)")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in {"roberta": golden.roberta, "clip": golden.clip, "bert": golden.bert}.items():
            case = golden.json_case(pathlib.Path(folder), name, make())
            tokenizer = golden.Tokenizer.from_file(str(case.path))
            their_times, our_times = [], []
            for _ in range(arguments.rounds):
                seconds, count = theirs(tokenizer, strings)
                their_times.append(seconds)
                mine, my_count = ours(arguments.program, case.path, texts, 2)
                our_times.append(mine[1])
                assert count == my_count, (name, count, my_count)
            their, our = statistics.median(their_times), statistics.median(our_times)
            rows.append({"tokenizer": name, "tokenizers_captions_per_second": len(texts) / their,
                         "tandem_captions_per_second": len(texts) / our, "ratio": their / our})
            print(f"{name:12} {len(texts) / their:12.0f} {len(texts) / our:12.0f} {their / our:7.2f}", flush=True)
    if arguments.output:
        report = {"machine": processor_name(), "captions": len(texts), "rounds": arguments.rounds, "results": rows}
        pathlib.Path(arguments.output).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
