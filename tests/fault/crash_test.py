#!/usr/bin/env python3
"""Kills clip-train with SIGKILL at random moments, again and again, and lets it go on.

    crash_test.py --program build/release/bin/clip-train --kills 300

A third of the kills comes at any moment, a third as soon as a checkpoint or another file is in the
making, and, with --shim, a third before a system call picked at random. After each kill the same
command must go on from a step that is not below the newest acknowledged one (`checkpoints/latest`),
and what was acknowledged must never become less. Each run that reaches its end must have the
weights, optimizer state and metrics of a run that was never disturbed; so must the last.
"""

import argparse
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from tiny_run import Run, differences

# Long enough to be killed several times before the end.
CHANGES = {"train": {"max_steps": 60, "checkpoint_every_steps": 3},
           "eval": {"every_steps": 20}}
CALLS_PER_START = 150


class CrashTest:
    def __init__(self, arguments, work):
        self.arguments = arguments
        self.work = work
        self.random = random.Random(arguments.seed)
        self.kills = {"any moment": 0, "file in the making": 0, "system call": 0}
        self.in_the_making = 0
        self.starts = 0
        self.finished = 0
        self.problems = []
        reference = self.fresh_run("reference")
        began = time.monotonic()
        if reference.finish() != 0:
            sys.exit(f"the undisturbed run failed:\n{reference.words()}")
        self.duration = time.monotonic() - began
        self.expected = reference.result()

    def fresh_run(self, name):
        return Run(self.arguments.program, self.work / name, CHANGES)

    def wait_for_a_file(self, run, process):
        """Returns when something is in the making or the process has ended."""
        checkpoints = run.directory / "checkpoints"
        ready_at = self.random.random() < 0.5  # the model directory's turn comes at the end only
        while process.poll() is None:
            places = [checkpoints, run.directory] if ready_at else [checkpoints]
            if any(".tmp-" in path.name for place in places if place.is_dir()
                   for path in place.iterdir()):
                time.sleep(self.random.random() * 0.005)
                return
            time.sleep(0.0005)

    def disturb(self, run):
        """Starts the run and kills it. Returns how it ended: killed, done or wrong."""
        modes = list(self.kills) if self.arguments.shim else list(self.kills)[:2]
        mode = self.random.choice(modes)
        environment = {}
        if mode == "system call":
            environment = {"LD_PRELOAD": str(self.arguments.shim.resolve()),
                           "TANDEM_FAULT_FOLDER": str(run.folder / "runs"), "TANDEM_FAULT": "KILL",
                           "TANDEM_FAULT_AT": str(self.random.randint(1, CALLS_PER_START))}
        process = run.start(**environment)
        self.starts += 1
        if mode == "any moment":
            deadline = time.monotonic() + self.random.random() * self.duration * 1.1
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.002)
        elif mode == "file in the making":
            self.wait_for_a_file(run, process)
        if mode != "system call":
            process.kill()
        code = process.wait()
        if code == -signal.SIGKILL:
            self.kills[mode] += 1
            self.in_the_making += bool(run.half_written())
            return "killed"
        if code == 0:
            return "done"
        self.problems.append(f"start {self.starts} ({mode}): exit {code}: {run.words()[-300:]}")
        return "wrong"

    def check_start(self, run, before):
        """Nothing that was acknowledged `before` this start may be lost."""
        began = run.went_on_from()
        if began is not None and began < before:
            self.problems.append(f"start {self.starts}: went on from {began}, acknowledged was "
                                 f"{before}")
        if run.acknowledged() < before:
            self.problems.append(f"start {self.starts}: acknowledged {run.acknowledged()} after "
                                 f"{before}")

    def check_end(self, run):
        self.finished += 1
        wrong = differences(self.expected, run.result())
        if wrong:
            self.problems.append(f"run {run.folder.name} differs in {', '.join(wrong)}")

    def run(self):
        number = 0
        run = self.fresh_run("run-0")
        while sum(self.kills.values()) < self.arguments.kills and len(self.problems) < 5:
            before = run.acknowledged()
            end = self.disturb(run)
            self.check_start(run, before)
            total = sum(self.kills.values())
            if end == "killed" and total % 25 == 0:
                print(f"{total} kills, {self.finished} runs finished, "
                      f"{len(self.problems)} problems", flush=True)
            if end != "done":
                continue
            self.check_end(run)
            shutil.rmtree(run.folder)
            number += 1
            run = self.fresh_run(f"run-{number}")
        before = run.acknowledged()
        if run.finish() != 0:
            self.problems.append(f"the last start failed: {run.words()[-300:]}")
        else:
            self.check_start(run, before)
            self.check_end(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--shim", type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tandem-crash-") as folder:
        test = CrashTest(arguments, pathlib.Path(folder))
        test.run()
    kinds = ", ".join(f"{count} at {kind}" for kind, count in test.kills.items())
    print(f"{sum(test.kills.values())} kills ({kinds}; {test.in_the_making} left something half-"
          f"written) in {test.starts} starts; {test.finished} runs compared with the undisturbed "
          f"one; {len(test.problems)} problems")
    for problem in test.problems:
        print(f"  {problem}")
    return 1 if test.problems else 0


if __name__ == "__main__":
    sys.exit(main())
