#!/usr/bin/env python3
"""Lets every system call with which clip-train touches its run directory fail once, in turn.

    fault_test.py --program build/release/bin/clip-train --shim build/release/lib/libtandem_fault.so

After each failure clip-train must have gone on to the end, or have ended with one line that says
why and exit code 73 or 74, leaving nothing half-written. Then the same command, undisturbed, must
finish with the weights, optimizer state and metrics of a run that was never disturbed.

    --every K      try each K-th call only (default 1)
    --all          try every fault at every call, not one fault per call in rotation
    --only FAULT   this fault only
"""

import argparse
import pathlib
import shutil
import sys
import tempfile

from tiny_run import Run, differences

# Faults, and the calls that they can befall (empty: all).
FAULTS = {
    "ENOSPC": "open,fopen,write,pwrite,fsync,fdatasync,close,rename,renameat2,mkdir",
    "EIO": "",
    "EDQUOT": "open,write,pwrite,fsync,fdatasync,close,mkdir",
    "SHORT": "write,pwrite",
    "EINTR": "",
    "EMFILE": "open,fopen",
    "LATE": "rename,renameat2",
}
GOES_ON = {"SHORT", "EINTR", "LATE"}
MAY_FAIL_WITH = {73, 74}


class FaultTest:
    def __init__(self, arguments, work):
        self.arguments = arguments
        self.work = work
        self.count = 0
        self.ended_well = 0
        self.problems = []
        reference = Run(arguments.program, work / "reference")
        if reference.finish() != 0:
            sys.exit(f"the undisturbed run failed:\n{reference.words()}")
        self.expected = reference.result()

    def check(self, run, fault, code):
        """What is wrong with the disturbed run and with the one after it."""
        if code == 0:
            self.ended_well += 1
            return differences(self.expected, run.result())
        found = []
        errors = [line for line in run.words().splitlines() if line.startswith("error: ")]
        if fault in GOES_ON:
            found.append(f"it did not go on: exit {code}")
        if code not in MAY_FAIL_WITH:
            found.append(f"exit {code}")
        if len(errors) != 1:
            found.append(f"{len(errors)} error lines")
        if run.half_written():
            found.append(f"left behind: {', '.join(run.half_written())}")
        before = run.acknowledged()
        if run.finish() != 0:
            return found + [f"the next start failed: {run.words()[-300:]}"]
        if run.went_on_from() < before:
            found.append(f"went on from {run.went_on_from()} although {before} was acknowledged")
        return found + differences(self.expected, run.result())

    def try_call(self, fault, number, stays=False):
        """Runs with the failure of call `number`. Returns what failed, None when there are fewer
        calls."""
        folder = self.work / f"{fault}-{number}"
        run = Run(self.arguments.program, folder)
        log = folder / "shim.log"
        code = run.finish(LD_PRELOAD=str(self.arguments.shim.resolve()),
                          TANDEM_FAULT_FOLDER=str(run.folder / "runs"), TANDEM_FAULT=fault,
                          TANDEM_FAULT_AT=str(number), TANDEM_FAULT_CALLS=FAULTS[fault],
                          TANDEM_FAULT_LOG=str(log), TANDEM_FAULT_STAYS="1" if stays else "")
        happened = log.read_text().splitlines()[0] if log.exists() else None
        if happened is None:
            if code != 0:
                self.problems.append(f"{fault} at {number}: nothing happened, but exit {code}")
        else:
            self.count += 1
            error = [line for line in run.words().splitlines() if line.startswith("error: ")]
            found = self.check(run, fault, code)
            name = happened.replace(str(folder), "")
            print(f"{fault:7} {name}: exit {code} {error[0] if error else ''}"
                  .replace(str(folder), ""), flush=True)
            if found:
                self.problems.append(f"{fault} at {name}: {'; '.join(found)}")
                print(f"  WRONG: {'; '.join(found)}", flush=True)
        if not self.problems or not self.arguments.keep:
            shutil.rmtree(folder)
        return happened

    def each_fault(self, fault, first, stride):
        number = first
        while self.try_call(fault, number) is not None:
            number += stride

    def run(self):
        faults = [self.arguments.only] if self.arguments.only else list(FAULTS)
        rotation = 1 if self.arguments.all or self.arguments.only else len(faults)
        for position, fault in enumerate(faults):
            # In rotation each fault takes the calls that the others leave out.
            self.each_fault(fault, 1 + position % rotation, self.arguments.every * rotation)
        if not self.arguments.only:
            for number in (20, 60):
                self.try_call("ENOSPC", number, stays=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--shim", type=pathlib.Path, required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", choices=FAULTS)
    parser.add_argument("--keep", action="store_true", help="keep the folders of what went wrong")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tandem-fault-") as folder:
        test = FaultTest(arguments, pathlib.Path(folder))
        test.run()
    print(f"{test.count} failures of system calls: {test.ended_well} runs went on, "
          f"{test.count - test.ended_well} stopped with a message; {len(test.problems)} wrong")
    for problem in test.problems:
        print(f"  {problem}")
    return 1 if test.problems or test.count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
