#!/usr/bin/env python3
"""clip-train at the limits that a system sets: full disks, sizes, descriptors, signals, locks.

    limits_test.py --program build/release/bin/clip-train --shim build/release/lib/libtandem_fault.so
"""

import argparse
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tiny_run import Run, differences

ARGUMENTS = None
# Never reaches its end by itself.
ENDLESS = {"train": {"max_steps": 1000000, "keep_best_metric": "", "save_model": "last"},
           "eval": {"every_steps": 0}}


class LimitsTest(unittest.TestCase):
    # Every write of the checkpoint of step 6 and none before.
    SIXTH = {"folder": "checkpoints/step-00000006", "calls": "write", "stays": 1}

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="tandem-limits-"))
        reference = Run(ARGUMENTS.program, cls.work / "reference")
        if reference.finish() != 0:
            raise RuntimeError(reference.words())
        cls.expected = reference.result()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work)

    def fresh(self, changes=None, name=None):
        return Run(ARGUMENTS.program, self.work / (name or self._testMethodName), changes)

    def shim(self, run, fault, folder="", **settings):
        variables = {"LD_PRELOAD": str(ARGUMENTS.shim.resolve()), "TANDEM_FAULT": fault,
                     "TANDEM_FAULT_FOLDER": str(run.directory / folder), "TANDEM_FAULT_AT": "1"}
        return {**variables, **{f"TANDEM_FAULT_{key.upper()}": str(value)
                                for key, value in settings.items()}}

    def limited(self, run, kind, soft):
        """Runs under a resource limit. Returns the exit code."""
        with open(run.folder / "stderr.txt", "wb") as errors:
            return subprocess.run(
                [run.program, "--config", str(run.folder / "config.json")], stderr=errors,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False, timeout=600,
                preexec_fn=lambda: resource.setrlimit(kind, (soft, resource.getrlimit(kind)[1]))
            ).returncode

    def wait_until(self, condition):
        for _ in range(60000):
            if condition():
                return
            time.sleep(0.005)
        self.fail("waited in vain")

    def expect_error(self, run, *parts):
        errors = [line for line in run.words().splitlines() if line.startswith("error: ")]
        self.assertEqual(len(errors), 1, run.words())
        for part in parts:
            self.assertIn(part, errors[0])

    def expect_recovery(self, run):
        self.assertEqual(run.finish(), 0, run.words())
        self.assertEqual(differences(self.expected, run.result()), [])

    def test_a_disk_that_stays_full_ends_the_run_and_costs_nothing(self):
        run = self.fresh()
        self.assertEqual(run.finish(**self.shim(run, "ENOSPC", **self.SIXTH)), 74)
        self.expect_error(run, "No space left on device")
        self.assertEqual(run.half_written(), [])
        self.assertIn(run.acknowledged(), (3, 4))
        self.expect_recovery(run)

    def test_a_disk_that_loses_what_it_took_is_found_out(self):
        run = self.fresh()
        self.assertEqual(run.finish(**self.shim(run, "LOST", **self.SIXTH)), 74)
        self.expect_error(run, "was not read back as it was written; older ones stay")
        self.assertIn(run.acknowledged(), (3, 4))
        self.expect_recovery(run)

    def test_a_limit_on_file_sizes_is_an_error_not_a_signal(self):
        run = self.fresh()
        self.assertEqual(self.limited(run, resource.RLIMIT_FSIZE, 30000), 74)
        self.expect_error(run, "File too large (the limit is 30000 bytes; ulimit -f raises it)")
        self.expect_recovery(run)

    def test_too_many_open_files_names_the_limit(self):
        run = self.fresh()
        self.assertIn(self.limited(run, resource.RLIMIT_NOFILE, 4), (73, 74))
        self.expect_error(run, "Too many open files (the limit is 4; ulimit -n raises it)")
        self.expect_recovery(run)

    def test_when_threads_run_out_fewer_do_the_work_or_it_is_told(self):
        ends = []
        for number in range(1, 100):
            run = self.fresh({"data": {"loader_threads": 3}}, f"{self._testMethodName}-{number}")
            log = run.folder / "shim.log"
            code = run.finish(**self.shim(run, "EAGAIN", calls="pthread_create", stays=1,
                                          at=number, log=log))
            if not log.exists():
                break
            if code == 0:
                self.assertEqual(differences(self.expected, run.result()), [])
            else:
                self.assertEqual(code, 69, run.words())
                self.expect_error(run, "ulimit -u")
            ends.append("fewer" if "Only 1 of 3 loader threads" in run.words() else code)
            shutil.rmtree(run.folder)
        self.assertIn("fewer", ends)
        self.assertIn(69, ends)
        self.assertEqual(ends[-1], 0)

    def test_a_file_system_without_inodes_is_named(self):
        run = self.fresh(ENDLESS)
        runs = run.directory.parent
        runs.mkdir()
        mount = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c",
                 'mount -t tmpfs -o nr_inodes=14 tmpfs "$1" || exit 99; shift; exec "$@"', "sh"]
        probe = subprocess.run([*mount, str(runs), "true"], check=False, capture_output=True)
        if probe.returncode != 0:
            self.skipTest("a file system cannot be mounted here")
        command = [*mount, str(runs), run.program, "--config", str(run.folder / "config.json")]
        with open(run.folder / "stderr.txt", "wb") as errors:
            code = subprocess.run(command, stderr=errors, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, check=False, timeout=600).returncode
        self.assertIn(code, (73, 74), run.words())
        self.expect_error(run, "no inodes left")

    def test_a_second_process_is_told_who_trains_here(self):
        run = self.fresh(ENDLESS)
        first = run.start()
        try:
            self.wait_until(lambda: run.acknowledged() > 0)
            self.assertEqual(run.finish(), 73)
            self.expect_error(run, f"pid {first.pid} on {os.uname().nodename} since 20")
            self.assertIsNone(first.poll())
        finally:
            first.kill()
            first.wait()

    def test_a_file_system_without_locks_is_locked_by_a_file(self):
        run = self.fresh(ENDLESS)
        no_locks = self.shim(run, "ENOLCK", calls="flock", stays=1)
        first = run.start(**no_locks)
        try:
            self.wait_until(lambda: run.acknowledged() > 0)
            self.assertIn("has no locks", run.words())
            self.assertEqual(run.finish(**no_locks), 73)
            self.expect_error(run, f"pid {first.pid} on ")
        finally:
            first.kill()
            first.wait()
        again = run.start(**no_locks)
        self.wait_until(lambda: "is taken over" in run.words())
        self.wait_until(lambda: run.went_on_from() is not None)
        again.terminate()
        self.assertEqual(again.wait(), 75)

    def stop_with(self, number, ignored):
        """Sends a signal in the middle. Returns the exit code, 0 for a run that went on."""
        run = self.fresh(ENDLESS, f"{self._testMethodName}-{ignored}")
        before = signal.getsignal(signal.SIGHUP)
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        try:
            process = run.start()
        finally:
            signal.signal(signal.SIGHUP, before)
        self.wait_until(lambda: run.acknowledged() > 0)
        process.send_signal(number)
        if ignored:
            step = run.acknowledged()
            self.wait_until(lambda: run.acknowledged() > step + 3)
            process.terminate()
        self.assertEqual(process.wait(), 75, run.words())
        return run

    def test_signals_save_and_end_with_75(self):
        for number in (signal.SIGUSR1, signal.SIGHUP):
            run = self.stop_with(number, ignored=False)
            stopped = run.acknowledged()
            process = run.start()
            self.wait_until(lambda: run.went_on_from() is not None)
            process.kill()
            process.wait()
            self.assertEqual(run.went_on_from(), stopped)
            shutil.rmtree(run.folder)

    def test_a_hang_up_is_ignored_under_nohup(self):
        self.stop_with(signal.SIGHUP, ignored=True)

    def test_readers_who_leave_do_not_end_the_run(self):
        run = self.fresh()
        reader, writer = os.pipe()
        os.close(reader)
        code = subprocess.run([run.program, "--config", str(run.folder / "config.json")],
                              stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, check=False,
                              timeout=600).returncode
        os.close(writer)
        self.assertEqual(code, 0)
        self.assertEqual(differences(self.expected, run.result()), [])

    def test_a_run_directory_that_is_removed_ends_the_run(self):
        run = self.fresh(ENDLESS)
        process = run.start()
        self.wait_until(lambda: run.acknowledged() > 0)
        gone = run.folder / "gone"
        run.directory.rename(gone)
        self.assertEqual(process.wait(timeout=600), 74)
        self.expect_error(run, "was removed, moved or replaced")
        self.assertFalse(run.directory.exists())

    def test_strange_names_work(self):
        run = self.fresh(name="with space, Ünïcode and\nnewline")
        self.expect_recovery(run)

    def test_names_that_are_too_long_are_told(self):
        run = self.fresh({"run": {"output_dir": str(self.work / ("x" * 300))}})
        self.assertEqual(run.finish(), 73)
        self.expect_error(run, "File name too long")


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--shim", type=pathlib.Path, required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], "-v", *rest])


if __name__ == "__main__":
    main()
