#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

using Json = nlohmann::json;

class ClipTokenizer : public ::testing::Test {
 protected:
  /// Trains a vocabulary on a few captions.
  [[nodiscard]] ProgramResult train(const std::vector<std::string>& more = {}) const {
    write_text(folder_ / "captions.txt",
               "a red circle\na blue square\r\na small green star\nthe big yellow triangle\n"
               "one red square on white\na circle and a square\n");
    std::vector<std::string> arguments = {
        "train",    "--input", (folder_ / "captions.txt").string(), "--vocab-size", "48",
        "--output", model()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-tokenizer", arguments);
  }
  [[nodiscard]] std::string model() const { return (folder_ / "spm.model").string(); }

  TemporaryFolder folder_;
};

class ClipTokenizerModels : public ClipTokenizer,
                            public ::testing::WithParamInterface<std::string> {};

TEST_P(ClipTokenizerModels, EncodeAndDecodeLineByLine) {
  const ProgramResult trained = train({"--model", GetParam()});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::string text = "a red square\na big circle\n";
  const ProgramResult encoded =
      run_program("clip-tokenizer", {"encode", "--tokenizer", model()}, text);
  ASSERT_EQ(encoded.exit_code, 0) << encoded.err;
  const auto lines = lines_of(encoded.out);
  ASSERT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) {
    const auto ids = Json::parse(line).get<std::vector<int>>();
    EXPECT_GT(ids.size(), 3U);
    EXPECT_EQ(ids.front(), 0) << "bos";
    EXPECT_EQ(ids.back(), 2) << "eos";
  }
  const ProgramResult decoded =
      run_program("clip-tokenizer", {"decode", "--tokenizer", model()}, encoded.out);
  ASSERT_EQ(decoded.exit_code, 0) << decoded.err;
  EXPECT_EQ(decoded.out, text);
}

INSTANTIATE_TEST_SUITE_P(Both, ClipTokenizerModels, ::testing::Values("unigram", "bpe"),
                         [](const auto& instance) { return instance.param; });

TEST_F(ClipTokenizer, ReadsOtherKinds) {
  write_text(folder_ / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nred\n##dish\nsquare\n");
  for (const std::string& path : {(folder_ / "vocab.txt").string(), (folder_ / "").string()}) {
    const ProgramResult encoded =
        run_program("clip-tokenizer", {"encode", "--tokenizer", path}, "A reddish square\n");
    ASSERT_EQ(encoded.exit_code, 0) << encoded.err;
    EXPECT_EQ(encoded.out, "[2, 4, 5, 6, 7, 3]\n");
    const ProgramResult decoded =
        run_program("clip-tokenizer", {"decode", "--tokenizer", path}, encoded.out);
    EXPECT_EQ(decoded.out, "a reddish square\n");
  }
  write_text(folder_ / "tokenizer.json", "{\"model\": {\"type\": \"Magic\"}}");
  const ProgramResult refused = run_program(
      "clip-tokenizer", {"encode", "--tokenizer", (folder_ / "tokenizer.json").string()}, "a\n");
  EXPECT_EQ(refused.exit_code, 65) << refused.err;
  EXPECT_NE(refused.err.find("Magic"), std::string::npos) << refused.err;
}

TEST_F(ClipTokenizer, TellsErrorsWithTheirPlace) {
  ASSERT_EQ(train().exit_code, 0);
  const std::vector<std::string> decode = {"decode", "--tokenizer", model()};
  for (const char* line :
       {"[0, 5, 2]\n[0, 1.5]\n", "[0]\nhello\n", "[]\n[-1]\n", "[]\n{\"a\": 1}\n"}) {
    const ProgramResult result = run_program("clip-tokenizer", decode, line);
    EXPECT_EQ(result.exit_code, 65) << line;
    EXPECT_NE(result.err.find("line 2"), std::string::npos) << result.err;
  }
  EXPECT_EQ(run_program("clip-tokenizer", decode, "[99999]\n").exit_code, 64);
  EXPECT_EQ(run_program("clip-tokenizer", {"encode", "--tokenizer", "no/such.model"}).exit_code,
            66);
  EXPECT_EQ(
      run_program("clip-tokenizer", {"encode", "--tokenizer", model(), "--context-length", "1"})
          .exit_code,
      64);
  write_text(folder_ / "empty.txt", "");
  EXPECT_EQ(run_program("clip-tokenizer", {"train", "--input", (folder_ / "empty.txt").string(),
                                           "--vocab-size", "48", "--output", model()})
                .exit_code,
            65);
}

}  // namespace
}  // namespace tandem::test
