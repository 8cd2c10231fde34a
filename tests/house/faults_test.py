"""docs/faults.md holds every fault once, and every test that it names is there."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAULTS = 85
ROW = re.compile(r"^\| (\d+) \|(.*)\|$", re.M)
NAMES = re.compile(r"`(\w+\.\w+)`")


def table():
    return (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")


def places_of_tests():
    """The text outside of tables, and the last cell of each row: where tests are named."""
    return "\n".join(line.strip("|").split("|")[-1] if line.startswith("|") else line
                     for line in table().splitlines())


def tests():
    """Every test there is: GoogleTest cases, Python cases, and what ctest calls fault.…"""
    found = set()
    for path in (ROOT / "tests").rglob("*.cpp"):
        for suite, case in re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)",
                                      path.read_text(encoding="utf-8"), re.M):
            found.add(f"{suite}.{case}")
    for path in (ROOT / "tests").rglob("*.py"):
        suite = ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("class "):
                suite = re.match(r"class (\w+)", line)[1]
            elif line.startswith("    def test_"):
                found.add(f"{suite}.{re.match(r'    def (test_.*?)[(]', line)[1]}")
    lists = (ROOT / "tests" / "fault" / "CMakeLists.txt").read_text(encoding="utf-8")
    return found | set(re.findall(r"add_test\(NAME (fault\.\w+)", lists))


class FaultsTest(unittest.TestCase):
    def test_every_fault_stands_in_the_table_once(self):
        ids = [int(number) for number, _ in ROW.findall(table()) if int(number) <= FAULTS]
        self.assertEqual(ids, list(range(1, FAULTS + 1)))

    def test_every_row_names_a_test_or_says_that_it_is_open(self):
        for number, row in ROW.findall(table()):
            self.assertTrue(NAMES.search(row) or "**open**" in row, number)

    def test_every_test_it_names_is_there(self):
        known = tests()
        missing = [name for name in NAMES.findall(places_of_tests())
                   if name not in known and not name.startswith(("data.", "train."))]
        self.assertEqual(missing, [])

    def test_it_would_notice_a_test_that_is_gone(self):
        known = tests()
        self.assertIn("Trainer.SkipsBadStepsThenGivesUp", known)
        self.assertIn("fault.kills", known)
        self.assertNotIn("Trainer.SkipsBadSteps", known)


if __name__ == "__main__":
    unittest.main()
