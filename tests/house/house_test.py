"""The house's checkers find what they are there to find: each rule is broken once in a small tree."""

import contextlib
import io
import os
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import check_headers  # noqa: E402
import check_layers  # noqa: E402

SOUND = {
    "include/tandem/core/error.h": "#pragma once\n#include <string>\nstd::string text();\n",
    "src/core/error.cpp": '#include "tandem/core/error.h"\n',
    "include/tandem/nn/linear.h":
        '#pragma once\n#include <torch/types.h>\nvoid fill(torch::Tensor x);\n',
    "src/nn/linear.cpp": '#include "tandem/nn/linear.h"\n// printf("in a comment"); exit(1)\n',
    "src/io/json.h": "#pragma once\n#include <nlohmann/json.hpp>\n",
    "src/io/json.cpp": '#include "io/json.h"\nconst char* text = "std::cout << exit(1)";\n',
    "tests/nn/linear_test.cpp": '#include "tandem/nn/linear.h"\n#include <gtest/gtest.h>\n',
    "apps/main.cpp": '#include "tandem/tandem.h"\n#include <CLI/CLI.hpp>\nint main() { exit(0); }\n',
}


class Tree:
    """A repository of few files in a temporary folder: SOUND with `changes` on top."""

    def __init__(self, changes):
        self.files = {**SOUND, **changes}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(self.folder.name)
        for name, content in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
        return root

    def __exit__(self, *_):
        self.folder.cleanup()


def layers(changes):
    with Tree(changes) as root:
        return check_layers.violations(root)[0]


def headers(changes):
    """Returns check_headers' status and words."""
    words = io.StringIO()
    with Tree(changes) as root, contextlib.redirect_stdout(words):
        status = check_headers.check(root, os.environ.get("CXX", "c++"))
    return status, words.getvalue()


OPENING = re.compile(r"^namespace ?([\w:]*) ?\{$")
CLOSING = re.compile(r"^\}  // namespace")
TYPE = re.compile(r"^(?:enum class|enum|class|struct|union) (?:alignas\(.*\) )?(\w+)\b(?!::)[^;]*$")


def shared_names(root):
    """Returns each type that two of the library's files define, with these files. The library is one
    to the linker, which keeps one of two classes of a name and says nothing (ODR); only an unnamed
    namespace keeps a name to its file. Relies on clang-format: what stands in a namespace is not
    indented, and the namespace's end says what it is."""
    places = {}
    for file in check_layers.read_tree(root):
        if file.parts[0] not in ("include", "src"):
            continue
        spaces = []
        for line in file.lines:
            if opening := OPENING.match(line):
                spaces.append(opening[1])
            elif CLOSING.match(line):
                spaces.pop()
            elif (found := TYPE.match(line)) and "" not in spaces:
                places.setdefault("::".join([*spaces, found[1]]), set()).add(file.path)
    return {name: sorted(paths) for name, paths in places.items() if len(paths) > 1}


class NamesTest(unittest.TestCase):
    def test_no_two_files_of_the_library_define_types_of_one_name(self):
        self.assertEqual(shared_names(ROOT), {})

    def test_it_would_notice_one(self):
        mode = "namespace tandem {\nclass Mode {\n};\n}  // namespace tandem\n"
        hidden = mode.replace("class", "namespace {\nclass").replace("};", "};\n}  // namespace")
        with Tree({"src/nn/a.h": mode, "src/io/a.h": mode, "src/io/b.cpp": hidden,
                   "src/io/b.h": "namespace tandem {\nclass Mode;\n}  // namespace tandem\n",
                   "src/io/c.h": mode.replace("tandem", "tandem::io")}) as root:
            self.assertEqual(shared_names(root), {"tandem::Mode": ["src/io/a.h", "src/nn/a.h"]})


class WholeLibraryTest(unittest.TestCase):
    def test_every_public_header_is_in_tandem_h(self):
        error = '#include "tandem/core/error.h"\n'
        whole = "#pragma once\n" + error + '#include "tandem/nn/linear.h"\n'
        self.assertEqual(layers({"include/tandem/tandem.h": whole}), [])
        self.assertEqual(layers({"include/tandem/tandem.h": "#pragma once\n" + error}),
                         [("include/tandem/tandem.h", 1, "include/tandem/nn/linear.h is missing here")])


class LayersTest(unittest.TestCase):
    def expect(self, path, line, part, content, others=None):
        found = layers({path: content, **(others or {})})
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][:2], (path, line))
        self.assertIn(part, found[0][2])

    def test_a_sound_tree_has_no_violation(self):
        self.assertEqual(layers({}), [])

    def test_a_room_may_not_look_to_its_right(self):
        self.expect("src/core/a.cpp", 2, "core may not include nn",
                    '#include <string>\n#include "tandem/nn/linear.h"\n')
        self.expect("src/nn/a.cpp", 1, "nn may not include model", '#include "model/private.h"\n')
        self.expect("include/tandem/loss/a.h", 2, "loss may not include data",
                    '#pragma once\n#include "tandem/data/loader.h"\n')
        self.expect("src/train/a.cpp", 1, "train may not include eval",
                    '#include "tandem/eval/retrieval.h"\n')
        self.expect("tests/text/a_test.cpp", 1, "text may not include image",
                    '#include <tandem/image/image.h>\n')

    def test_apps_may_include_every_room_and_the_umbrella_is_for_them(self):
        every = "".join(f'#include "tandem/{room}/a.h"\n' for room in check_layers.ROOMS)
        self.assertEqual(layers({"apps/all.cpp": every}), [])
        self.expect("src/data/a.cpp", 1, "not tandem/tandem.h", '#include "tandem/tandem.h"\n')

    def test_a_shelf_may_not_look_to_its_right(self):
        self.expect("src/text/unicode/a.cpp", 1, "shelf unicode may not include shelf steps",
                    '#include "text/steps/regex.h"\n')
        self.expect("src/data/rows/a.h", 2, "shelf rows may not include shelf data",
                    '#pragma once\n#include "data/mixture.h"\n')
        self.expect("src/text/attic/a.cpp", 1, "unknown shelf attic", "int a;\n")
        self.assertEqual(layers({"src/text/steps/a.cpp": '#include "text/unicode/unicode.h"\n'
                                                         '#include "tandem/text/tokenizer.h"\n',
                                 "src/text/b.cpp": '#include "text/steps/regex.h"\n'}), [])

    def test_a_source_on_a_shelf_includes_its_public_header_first(self):
        self.expect("src/data/stream/loader.cpp", 1, "the first include must be",
                    '#include <string>\n#include "tandem/data/loader.h"\n',
                    {"include/tandem/data/loader.h": "#pragma once\n"})

    def test_a_folder_of_sources_stays_small(self):
        many = {f"src/model/a{i}.cpp": "int a;\n" for i in range(21)}
        self.assertEqual(layers(many), [("src/model", 1, "21 files and folders, 20 is the limit")])
        many.popitem()
        self.assertEqual(layers(many), [])

    def test_a_new_room_needs_a_place_in_the_order(self):
        self.expect("src/attic/a.cpp", 1, "unknown room attic", "int a;\n")

    def test_third_parties_stay_behind_their_doors(self):
        self.expect("src/model/a.cpp", 1, "opencv2/core.hpp", "#include <opencv2/core.hpp>\n")
        self.expect("src/data/a.cpp", 1, "sentencepiece",
                    "#include <sentencepiece_processor.h>\n")
        self.expect("src/model/a.cpp", 1, "nlohmann", "#include <nlohmann/json.hpp>\n")
        self.expect("src/core/a.cpp", 1, "spdlog", "#include <spdlog/spdlog.h>\n")
        self.expect("src/core/a.cpp", 1, "CLI/CLI.hpp", '#include "CLI/CLI.hpp"\n')
        self.expect("src/config/a.cpp", 1, "free of torch", "#include <torch/types.h>\n")
        self.expect("include/tandem/io/a.h", 2, "only LibTorch",
                    "#pragma once\n#include <fmt/format.h>\n")

    def test_the_library_neither_prints_nor_exits(self):
        for statement in ("std::cout << 1;", "std::cerr << 1;", "std::printf(x);",
                          "fprintf(stderr, x);", "fmt::print(x);"):
            self.expect("src/core/a.cpp", 2, "never prints", f"void f() {{\n  {statement}\n}}\n")
        for statement in ("exit(1);", "std::abort();", "::_exit(1);", "std::terminate();"):
            self.expect("src/core/a.cpp", 2, "never exits", f"void f() {{\n  {statement}\n}}\n")
        self.assertEqual(layers({"src/core/a.cpp": "int f() { return exit_code(snprintf(x)); }\n"}), [])

    def test_headers_keep_their_form(self):
        self.expect("src/core/a.h", 1, "#pragma once", "int a;\n")
        self.expect("include/tandem/core/a.h", 2, "no conditional code",
                    "#pragma once\n#ifdef TANDEM_CUDA\n#endif\n")
        self.expect("include/tandem/core/a.h", 2, "TANDEM_", "#pragma once\n#define CHECK(x) x\n")

    def test_using_namespace_is_found_but_not_in_comments_and_strings(self):
        self.expect("tests/core/a_test.cpp", 2, "using namespace",
                    "\nusing  namespace std::chrono_literals;\n")
        self.assertEqual(layers({"src/core/a.cpp": '/* using namespace std; */ auto a = R"x(\n'
                                                   'using namespace std;)x";\n'}), [])

    def test_long_files_are_named(self):
        self.assertEqual(layers({"src/core/a.cpp": "int a;\n" * 300}), [])
        self.expect("src/core/a.cpp", 301, "301 lines, 300 is the limit", "int a;\n" * 301)
        self.assertEqual(layers({"tests/core/a_test.cpp": "int a;\n" * 400}), [])
        self.expect("apps/clip_a/main.cpp", 101, "101 lines, 100 is the limit", "int a;\n" * 101)

    def test_a_unit_includes_its_own_header_first(self):
        self.expect("src/core/error.cpp", 1, 'must be "tandem/core/error.h"',
                    '#include <string>\n#include "tandem/core/error.h"\n')

    def test_an_empty_tree_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check_layers.violations(pathlib.Path(folder)), ([], 0))


class HeadersTest(unittest.TestCase):
    def test_a_sound_tree_has_no_violation(self):
        status, words = headers({})
        self.assertEqual(status, 0, words)
        self.assertIn("2 checked, 1 of them compiled alone, 0 violation(s)", words)

    def test_a_header_that_does_not_compile_alone_is_named(self):
        status, words = headers({"include/tandem/core/bad.h": "#pragma once\nMissing f();\n"})
        self.assertEqual(status, 1)
        self.assertIn("include/tandem/core/bad.h: does not compile alone", words)

    def test_a_missing_standard_header_is_named_even_with_torch(self):
        status, words = headers({"include/tandem/nn/linear.h":
                                 "#pragma once\n#include <torch/types.h>\nstd::vector<int> f();\n"})
        self.assertEqual(status, 1)
        self.assertIn("include/tandem/nn/linear.h:3: needs <vector>", words)

    def test_a_torch_header_that_no_unit_leads_with_is_named(self):
        status, words = headers({"src/nn/linear.cpp": "#include <vector>\n",
                                 "tests/nn/linear_test.cpp": "#include <gtest/gtest.h>\n"})
        self.assertEqual(status, 1)
        self.assertIn("include/tandem/nn/linear.h: no unit includes it first", words)


if __name__ == "__main__":
    unittest.main()
