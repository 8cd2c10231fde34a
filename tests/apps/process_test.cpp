#include <csignal>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

TEST(ClosedStreams, LeaveNothingOfTheLogInWhatIsWritten) {
  const TemporaryFolder folder;
  Json config = tiny_config(folder / "runs", 12);
  write_text(folder / "config.json", config.dump());
  const ProgramResult result =
      run_shell("'{bin}/clip-train' --config " + quoted(folder / "config.json") + " <&- >&- 2>&-");
  EXPECT_EQ(result.exit_code, 0);
  const fs::path run = folder / "runs" / "tiny";
  EXPECT_EQ(read_text(run / "run.lock"), "");
  for (const auto& entry : fs::recursive_directory_iterator(folder / "runs")) {
    if (!entry.is_regular_file() || entry.path().filename() == "train.log") continue;
    const std::string content = read_text(entry.path());
    for (const char* words : {"info: ", "step 10/12", "\"final_loss\""})
      EXPECT_EQ(content.find(words), std::string::npos) << entry.path();
  }
  for (const std::string& line : lines_of(read_text(run / "metrics.jsonl")))
    EXPECT_TRUE(Json::accept(line)) << line;
}

TEST(ClosedStreams, AreNoReasonToLoseAnEmbedding) {
  const TemporaryFolder folder;
  write_text(folder / "texts.txt", "a red circle\n");
  const ProgramResult result = run_shell("'{bin}/clip-embed' --model " + quoted(trained_model()) +
                                         " --texts " + quoted(folder / "texts.txt") + " --output " +
                                         quoted(folder / "out") + " <&- >&- 2>&-");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(read_text(folder / "out/metadata/metadata_0.jsonl"),
            "{\"caption\":\"a red circle\"}\n");
}

class EndedBySignal : public ::testing::TestWithParam<int> {};

TEST_P(EndedBySignal, LeavesNothingHalfWritten) {
  const TemporaryFolder folder;
  write_text(folder / "config.json", tiny_config(folder / "runs", 12).dump());
  RunningProgram program(
      "clip-data", {"export", "--config", (folder / "config.json").string(), "--set",
                    "data.train.shapes.count=10000000", "--output", (folder / "out").string()});
  const auto staged = [&] {
    for (const auto& entry : fs::directory_iterator(folder.path()))
      if (entry.path().filename().string().starts_with("out.tmp-")) return true;
    return false;
  };
  for (int i = 0; i < 6000 && !staged(); ++i) ::usleep(10000);
  ASSERT_TRUE(staged());
  program.send(GetParam());
  EXPECT_EQ(program.finish().exit_code, 128 + GetParam());
  EXPECT_EQ(folder.entries(), 1U) << "only config.json";
}

INSTANTIATE_TEST_SUITE_P(Signals, EndedBySignal, ::testing::Values(SIGINT, SIGTERM),
                         [](const auto& entry) { return "Signal" + std::to_string(entry.param); });

TEST(EndedBySignalTwice, ATrainingLeavesNoHalfWrittenCheckpoint) {
  const TemporaryFolder folder;
  Json config = tiny_config(folder / "runs", 1000000);
  config["train"]["checkpoint_every_steps"] = 1;
  write_text(folder / "config.json", config.dump());
  RunningProgram program("clip-train", {"--config", (folder / "config.json").string()});
  ASSERT_TRUE(program.wait_for_note("step 20/"));
  program.send(SIGTERM);
  program.send(SIGINT);
  (void)program.finish();
  for (const auto& entry : fs::directory_iterator(folder / "runs/tiny/checkpoints"))
    EXPECT_EQ(entry.path().string().find(".tmp-"), std::string::npos) << entry.path();
}

TEST(UnknownOption, IsToldWithTheOneThatWasMeant) {
  const auto error_of = [](const std::string& program, const std::vector<std::string>& arguments) {
    const ProgramResult result = run_program(program, arguments);
    EXPECT_EQ(result.exit_code, 64);
    return result.err;
  };
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"clip-train", "--cfg", "x"}, "unknown option --cfg; did you mean --config?"},
      {{"clip-train", "--config=x", "--resum=auto"}, "--resum; did you mean --resume?"},
      {{"clip-zeroshot", "--modle", "x"}, "--modle; did you mean --model?"},
      {{"clip-data", "check", "--cfg", "x"}, "--cfg; did you mean --config?"},
      {{"clip-tokenizer", "train", "--vocab_size", "9"}, "did you mean --vocab-size?"},
      {{"clip-embed", "--qqqqqqqq", "x"}, "unknown option --qqqqqqqq. Try: clip-embed --help"}};
  for (const auto& [command, expected] : cases) {
    const std::string error = error_of(command.front(), {command.begin() + 1, command.end()});
    EXPECT_NE(error.find(expected), std::string::npos) << error;
  }
}

TEST(Verbs, ShowAnExampleOfTheirOwn) {
  for (const char* verb : {"check", "stats", "index", "shard", "preview", "export"}) {
    const ProgramResult help = run_program("clip-data", {verb, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_NE(help.out.find("Example: clip-data " + std::string(verb) + " --config"),
              std::string::npos)
        << help.out;
  }
  for (const char* verb : {"train", "encode", "decode"}) {
    const ProgramResult help = run_program("clip-tokenizer", {verb, "--help"});
    EXPECT_NE(help.out.find("clip-tokenizer " + std::string(verb) + " --"), std::string::npos)
        << help.out;
  }
}

TEST(NamesOfBytes, SurviveInMetadataAndRankings) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "in");
  draw_png(folder / "in/plain.png", {});
  fs::rename(folder / "in/plain.png", folder / "in/caf\xe9 \\ \xc3\xa9.png");
  const std::string escaped = (folder / "in/").string() + "caf\\xe9 \\\\ \xc3\xa9.png";
  const std::string model = trained_model().string();
  ASSERT_EQ(run_program("clip-embed", {"--model", model, "--images", (folder / "in").string(),
                                       "--output", (folder / "out").string()})
                .exit_code,
            0);
  const Json line = Json::parse(read_text(folder / "out/metadata/metadata_0.jsonl"));
  EXPECT_EQ(line["image_path"], escaped);
  EXPECT_EQ(line["image_path_escaped"], true);

  const ProgramResult ranked =
      run_program("clip-zeroshot", {"--model", model, "--images", (folder / "in").string(),
                                    "--classes", "a,b", "--format", "jsonl"});
  const Json ranking = Json::parse(ranked.out);
  EXPECT_EQ(ranking["image"], escaped);
  EXPECT_EQ(ranking["image_escaped"], true);
  EXPECT_EQ(ranking["score_kind"], "softmax");
  EXPECT_NE(ranked.err.find("1 images ranked among 2 classes"), std::string::npos) << ranked.err;
}

TEST(ControlCharacters, OfNamesAndClassesAreEscapedInText) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "in");
  draw_png(folder / "in/plain.png", {});
  fs::rename(folder / "in/plain.png", folder / "in/a\x1b[31m\n.png");
  write_text(folder / "in/b\x1b[2J.png", "no picture");
  write_text(folder / "classes.txt", "red\x1b]0;title\x07\nblue\n");
  const ProgramResult result = run_program(
      "clip-zeroshot", {"--model", trained_model().string(), "--images", (folder / "in").string(),
                        "--classes-file", (folder / "classes.txt").string()});
  EXPECT_EQ(result.exit_code, 65);
  for (const std::string& text : {result.out, result.err})
    for (const char control : {'\x1b', '\x07'}) EXPECT_EQ(text.find(control), std::string::npos);
  EXPECT_NE(result.out.find("a\\x1b[31m\\n.png\n"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("red\\x1b]0;title\\x07"), std::string::npos) << result.out;
}

TEST(ControlCharacters, OfDataAreEscapedOnATerminalOnly) {
  if (!fs::exists("/usr/bin/script")) GTEST_SKIP() << "no script(1) to make a terminal";
  const TemporaryFolder folder;
  draw_png(folder / "a.png", {});
  write_text(folder / "classes.txt", "red\x1b[31m\nblue\n");
  const std::string command = "'{bin}/clip-zeroshot' --format csv --model " +
                              quoted(trained_model()) + " --images " + quoted(folder / "a.png") +
                              " --classes-file " + quoted(folder / "classes.txt");
  const ProgramResult terminal = run_shell("script -qec \"" + command + "\" /dev/null");
  EXPECT_EQ(terminal.out.find("\x1b[31m"), std::string::npos) << terminal.out;
  EXPECT_NE(terminal.out.find("red\\x1b[31m"), std::string::npos) << terminal.out;
  EXPECT_NE(run_shell(command).out.find("red\x1b[31m"), std::string::npos);
}

}  // namespace
}  // namespace tandem::test
