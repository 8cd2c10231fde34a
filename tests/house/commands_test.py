"""Every command that the documentation or a program's own help shows can be run today: its program, verb, options,
configuration keys and files are there. Every script answers --help, and refuses an option that it does not know.

    commands_test.py BIN     the folder of the programs
"""

import functools
import json
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "release" / "bin"
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND = re.compile(r"^(?:\$ +)?((?:python3 )?(?:build/release/bin/|scripts/|benchmarks/|tests/fault/)?[\w./-]+)(?: .*)?$")
OPTION = re.compile(r"(?<![\w-])--?[A-Za-z][\w-]*")
KEY = re.compile(r"^(?:run|model|tokenizer|data|loss|optim|train|eval)(?:\.[a-z][a-z0-9_]*)+$")
FILE = re.compile(r"\.(?:json|jsonl|log|md|py|cpp|h|tsv|csv|txt|parquet|safetensors|html|kind|path|lock|model)$")
PASS_ON = {"scripts/test.sh", "scripts/quickstart.sh"}  # Hand what they do not know to ctest and to clip-train.


def programs():
    return sorted(path.name for path in BIN.glob("clip-*"))


def scripts():
    """Files of scripts/ and benchmarks/ that are run, not imported."""
    found = [*ROOT.glob("scripts/*"), *ROOT.glob("benchmarks/*.*")]
    return sorted(path for path in found if path.suffix == ".sh" or
                  (path.suffix == ".py" and 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")))


@functools.lru_cache(maxsize=None)
def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=ROOT, check=False)
    return done.returncode, done.stdout, done.stderr


def interpreter(path):
    return [sys.executable if path.suffix == ".py" else "bash", path]


@functools.lru_cache(maxsize=None)
def verbs(program):
    text = run(BIN / program, "--help")[1]
    _, _, tail = text.partition("Subcommands:\n")
    return re.findall(r"^  ([a-z][a-z-]*)\b", tail, re.M)


@functools.lru_cache(maxsize=None)
def known_keys():
    """Every key of the configuration, and the sections that hold them."""
    def keys(schema, above):
        for name, value in schema.get("properties", {}).items():
            yield above + name
            yield from keys(value, f"{above}{name}.")
    return set(keys(json.loads(run(BIN / "clip-train", "--print-schema")[1]), ""))


def words_of(line):
    """The words of a command up to where the shell would take over."""
    line = line.removeprefix("$ ").replace("…", "")
    words = shlex.split(line, comments=True)
    for end, word in enumerate(words):
        if word in (">", "|", "&&", "<", ";"):
            return words[:end]
    return words


def is_command(line):
    match = COMMAND.match(line)
    if not match:
        return False
    name = match[1].removeprefix("python3 ")
    return pathlib.PurePath(name).name in programs() or name.startswith(("scripts/", "benchmarks/", "tests/fault/"))


def commands_of(text):
    """Lines of fenced blocks, continued ones as one, and code within a line."""
    for _, block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if is_command(line.strip()):
                yield line.strip()
    for code in INLINE.findall(FENCE.sub("", text)):
        if is_command(code):
            yield code


def help_of(words):
    """The words after the program's name and verb, and the help that is to explain them."""
    words = words[1:] if words[0] == "python3" else words
    name = pathlib.PurePath(words[0]).name
    if name not in programs():
        path = ROOT / words[0]
        if path.parent.name == "peers":  # Their --help needs their packages.
            return words[1:], "".join(each.read_text(encoding="utf-8") for each in (path, path.parent / "common.py"))
        return words[1:], run(*interpreter(path), "--help")[1]
    named = len(words) > 1 and words[1] in verbs(name)
    explained = [words[1]] if named else verbs(name)
    text = run(BIN / name, "--help")[1] + "".join(run(BIN / name, verb, "--help")[1] for verb in explained)
    return words[2 if named else 1:], text


def faults_of_command(line):
    """What is wrong with a command, in words; empty when it can be run."""
    words = words_of(line)
    script = ROOT / words[1 if words[0] == "python3" else 0]
    if pathlib.PurePath(words[0]).name not in programs() and not script.exists():
        return [f"no such file: {script.name}"]
    if len(words) == 1:
        return []
    rest, text = help_of(words)
    found = []
    name = pathlib.PurePath(words[0]).name
    if name in programs() and verbs(name) and rest == words[1:] and not words[1].startswith("-"):
        found.append(f"no verb {words[1]}")
    known = set(OPTION.findall(text)) | {"--help", "--version"}
    for index, word in enumerate(rest):
        option = word.split("=")[0]
        if OPTION.fullmatch(option) and option not in known and f"scripts/{name}" not in PASS_ON:
            found.append(f"no option {option}")
        if word.startswith("configs/") and not (ROOT / word).is_file():
            found.append(f"no file {word}")
        if index and rest[index - 1] == "--set" and word.split("=")[0] not in known_keys():
            found.append(f"no key {word.split('=')[0]}")
    return found


def all_commands():
    for page in PAGES:
        for line in commands_of((ROOT / page).read_text(encoding="utf-8")):
            yield page, line
    for name in programs():
        for help_words in [[], *([verb] for verb in verbs(name))]:
            _, text, _ = run(BIN / name, *help_words, "--help")
            for line in re.findall(rf"^\W*(?:Examples?: +)?({name} .*)$", text, re.M):
                if "OPTIONS" not in line:
                    yield f"{name} --help", line
    for script in scripts():
        for line in run(*interpreter(script), "--help")[1].replace("\\\n", " ").splitlines():
            line = re.sub(r"[\[\]]", " ", re.split(r" {3,}", line.strip())[0])
            if is_command(line):
                yield f"{script.name} --help", line


class CommandsTest(unittest.TestCase):
    maxDiff = None

    def test_every_command_of_the_documentation_can_be_run(self):
        commands = list(all_commands())
        self.assertGreater(len(commands), 30)
        wrong = [f"{place}: {line}: {', '.join(faults)}" for place, line in commands if (faults := faults_of_command(line))]
        self.assertEqual(wrong, [])

    def test_every_key_of_the_documentation_is_known(self):
        wrong = []
        for page in PAGES:
            for code in INLINE.findall(FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))):
                key = code.split("=")[0]
                if KEY.match(key) and not FILE.search(key) and key not in known_keys():
                    wrong.append(f"{page}: {key}")
        self.assertEqual(wrong, [])

    def test_every_configuration_is_read(self):
        for path in sorted((ROOT / "configs").glob("*.json")):
            status, text, words = run(BIN / "clip-train", "--config", path, "--print-config")
            self.assertEqual(status, 0, f"{path.name}: {words}")
            self.assertIn("model", json.loads(text), path.name)

    def test_it_would_notice_what_is_gone(self):
        for line, fault in {
            "clip-train --confi x.json": "no option --confi",
            "clip-train --config configs/gone.json": "no file configs/gone.json",
            "clip-train --config configs/quickstart.json --set train.steps_max=3": "no key train.steps_max",
            "clip-data mend --config configs/quickstart.json": "no verb mend",
            "benchmarks/compare.sh --rounds 3 --quick": "no option --quick",
            "scripts/gone.sh": "no such file: gone.sh",
        }.items():
            self.assertIn(fault, faults_of_command(line))
        self.assertEqual(list(commands_of("```sh\n$ clip-doctor --model m\n```\nor `clip-train --gone`, not `key`")),
                         ["$ clip-doctor --model m", "clip-train --gone"])


class ScriptsTest(unittest.TestCase):
    def test_shell_scripts_parse(self):
        for path in [*scripts(), ROOT / ".ci" / "run"]:
            if path.suffix != ".py":
                self.assertEqual(run("bash", "-n", path)[0], 0, path.name)

    def test_each_explains_itself(self):
        for path in scripts():
            status, text, words = run(*interpreter(path), "--help")
            self.assertEqual(status, 0, f"{path.name}: {words}")
            self.assertIn(path.name, text, path.name)

    def test_each_refuses_an_unknown_option(self):
        for path in scripts():
            if str(path.relative_to(ROOT)) not in PASS_ON:
                status, _, words = run(*interpreter(path), "--no-such-option")
                self.assertEqual(status, 64, f"{path.name}: {words}")
                self.assertIn("--no-such-option", words, path.name)


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        BIN = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
