"""Asks tandem_pixels (tests/image/pixels_tool.cpp) for pixels or times, for scripts that compare them."""

import pathlib
import subprocess

import numpy

DEFAULT = pathlib.Path(__file__).resolve().parent.parent / "build" / "release" / "bin" / "tandem_pixels"


class PixelsTool:
    """One running tandem_pixels; a case is a tuple of fields as its source file lists them."""

    def __init__(self, path=DEFAULT, rounds=0):
        arguments = [str(path)] + (["--time", str(rounds)] if rounds else [])
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _ask(self, case):
        self.process.stdin.write(("\t".join(str(field) for field in case) + "\n").encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"tandem_pixels gave no answer to {case}")
        return answer.split()

    def pixels(self, *case):
        """Returns the picture as [height, width, 3] bytes."""
        width, height = (int(field) for field in self._ask(case))
        content = self.process.stdout.read(width * height * 3)
        return numpy.frombuffer(content, numpy.uint8).reshape(height, width, 3)

    def seconds(self, *case):
        """Returns the processor time of each round."""
        return [float(field) for field in self._ask(case)]
