#include <filesystem>
#include <string>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"
#include "tandem/version.h"

namespace tandem::test {
namespace {

class Programs : public ::testing::TestWithParam<std::string> {};

TEST_P(Programs, ExplainThemselves) {
  const ProgramResult help = run_program(GetParam(), {"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find(GetParam()), std::string::npos);
  for (const char* option : {"--help", "--version", "--log-level"})
    EXPECT_NE(help.out.find(option), std::string::npos) << option;
  EXPECT_TRUE(help.err.empty()) << help.err;
}

TEST_P(Programs, TellTheirVersion) {
  const ProgramResult version = run_program(GetParam(), {"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, GetParam() + " " + kVersion + "\n");
}

TEST_P(Programs, RefuseAWrongCommandLineInOneLine) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{}, {"--no-such-option"}}) {
    const ProgramResult result = run_program(GetParam(), arguments);
    EXPECT_EQ(result.exit_code, 64);
    EXPECT_TRUE(result.out.empty()) << result.out;
    EXPECT_EQ(result.err.find("error: "), 0U) << result.err;
    EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Programs,
                         ::testing::Values("clip-train", "clip-zeroshot", "clip-eval", "clip-embed",
                                           "clip-tokenizer", "clip-data", "clip-convert",
                                           "clip-bench"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           name.replace(name.find('-'), 1, "_");
                           return name;
                         });

TEST(CommandLine, TakesTheTildeThatAShellLeaves) {
  const TemporaryFolder home;
  std::filesystem::create_directory_symlink(trained_model(), home / "model");
  draw_png(home / "a.png", {.red = 200});
  for (const char* model : {"--model=~/model", "--model '~/model'"}) {
    const ProgramResult result =
        run_shell("HOME='" + home.path().string() + "' '{bin}/clip-embed' " + model +
                  " --images '~/a.png' --output='~/out'");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_GT(std::filesystem::remove_all(home / "out"), 1U);
  }
}

TEST(Output, AReaderWhoLeavesEndsTheProgramQuietly) {
  const ProgramResult result =
      run_shell("{ sleep 0.3; '{bin}/clip-train' --print-schema; echo \"code $?\" >&2; } | true");
  EXPECT_EQ(result.err, "code 0\n");
}

TEST(Output, AFullDiskIsAnIoError) {
  const ProgramResult result = run_shell("'{bin}/clip-train' --print-schema > /dev/full");
  EXPECT_EQ(result.exit_code, 74);
  EXPECT_NE(result.err.find("standard output"), std::string::npos) << result.err;
}

TEST(Output, WithoutANameIsRefusedAtOnce) {
  const std::vector<std::vector<std::string>> commands = {
      {"clip-embed", "--model", "x", "--images", "x"},
      {"clip-convert", "--from", "hf", "--input", "x"},
      {"clip-tokenizer", "train", "--input", "x", "--vocab-size", "9"},
      {"clip-data", "preview", "--config", "x"}};
  for (const std::vector<std::string>& command : commands) {
    std::vector<std::string> arguments(command.begin() + 1, command.end());
    arguments.insert(arguments.end(), {"--output", ""});
    const ProgramResult result = run_program(command.front(), arguments);
    EXPECT_EQ(result.exit_code, 64) << command.front();
    EXPECT_NE(result.err.find("--output: is empty"), std::string::npos) << result.err;
  }
}

TEST(Output, IsNeverAPipeThatIsReplaced) {
  const TemporaryFolder folder;
  const std::string pipe = (folder / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const ProgramResult result = run_program(
      "clip-tokenizer", {"train", "--input", "x", "--vocab-size", "9", "--output", pipe});
  EXPECT_EQ(result.exit_code, 73);
  EXPECT_NE(result.err.find("expected a regular file"), std::string::npos) << result.err;
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST(Model, OfARunIsNamedToWhoNamesTheRun) {
  const std::string run = trained_model().parent_path().string();
  const std::vector<std::vector<std::string>> commands = {
      {"clip-embed", "--texts", "-", "--output", run + "/out", "--model"},
      {"clip-zeroshot", "--images", "x", "--classes", "x", "--model"},
      {"clip-convert", "--from", "tandem", "--to", "hf", "--output", run + "-hf", "--input"},
      {"clip-doctor", "--model"}};
  for (const std::vector<std::string>& command : commands) {
    std::vector<std::string> arguments(command.begin() + 1, command.end());
    arguments.push_back(run);
    const ProgramResult result = run_program(command.front(), arguments, "a word\n");
    EXPECT_EQ(result.exit_code, 66) << command.front();
    EXPECT_NE(result.err.find("this is a run's folder, not a model's"), std::string::npos)
        << result.err;
    EXPECT_NE(result.err.find("Try: " + run + "/model\n"), std::string::npos) << result.err;
  }
}

TEST(Quickstart, RefusesARunItWouldNotClassifyWith) {
  const std::string script = TANDEM_SOURCE_DIR "/scripts/quickstart.sh";
  const std::vector<std::vector<std::string>> commands = {
      {"timeout", "20", script, "--set", "run.name=x"},
      {"timeout", "20", script, "--set=run.output_dir=x"},
      {"TANDEM_SET=train.max_steps=2 run.name=x", "timeout", "20", script}};
  for (const std::vector<std::string>& command : commands) {
    const ProgramResult result = run_program("/usr/bin/env", command);
    EXPECT_EQ(result.exit_code, 1) << command.back();
    EXPECT_EQ(result.err.find("quickstart: error: run."), 0U) << result.err;
    EXPECT_NE(result.err.find("=x: the quickstart's run is "), std::string::npos) << result.err;
  }
}

TEST(Subcommand, IsNamedWhenItIsNone) {
  for (const char* program : {"clip-data", "clip-tokenizer", "clip-bench"}) {
    const ProgramResult result = run_program(program, {"foo"});
    EXPECT_EQ(result.exit_code, 64) << program;
    EXPECT_NE(result.err.find("unknown subcommand: expected one of "), std::string::npos)
        << result.err;
    EXPECT_NE(result.err.find(", found foo. Try: "), std::string::npos) << result.err;
  }
}

TEST(LogLevel, IsCheckedByName) {
  const ProgramResult result = run_program("clip-train", {"--log-level", "loud", "--print-schema"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_NE(result.err.find("loud"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace tandem::test
