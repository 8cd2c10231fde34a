#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ClipTrain : public ::testing::Test {
 protected:
  [[nodiscard]] std::string config(const Json& json) const {
    write_text(folder_ / "config.json", json.dump());
    return (folder_ / "config.json").string();
  }
  [[nodiscard]] std::string tiny(int steps) const { return config(tiny_config(runs(), steps)); }
  [[nodiscard]] fs::path runs() const { return folder_ / "runs"; }
  static void expect_note(const ProgramResult& result, const std::string& part) {
    EXPECT_NE(result.err.find(part), std::string::npos)
        << "\"" << part << "\" is missing in: " << result.err;
  }

  TemporaryFolder folder_;
};

TEST_F(ClipTrain, TrainsReportsAndLeavesAModel) {
  const ProgramResult result = run_program("clip-train", {"--config", tiny(30)});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json summary = Json::parse(result.out);
  EXPECT_EQ(summary["steps"], 30);
  EXPECT_EQ(summary["interrupted"], false);
  EXPECT_GT(summary["final_loss"].get<double>(), 0.0);
  for (const char* name : {"zero_shot/seen_top1", "zero_shot/unseen_top1"}) {
    ASSERT_TRUE(summary["metrics"].contains(name)) << result.out;
    expect_note(result, name);
  }
  const fs::path model = summary["model"].get<std::string>();
  for (const char* name : {"model.safetensors", "config.json", "tokenizer.model"})
    EXPECT_TRUE(fs::exists(model / name)) << name;
  for (const char* part : {"step 10/30", "step 30/30 100.0%", "loss ", "(chance 2.7726)", "lr ",
                           "logit_scale ", "pairs/s", "data wait ", "ETA ", "Trained 30 steps"})
    expect_note(result, part);
}

TEST_F(ClipTrain, ARunAtChanceFailsWhereAsked) {
  Json json = tiny_config(runs(), 30);
  json["optim"]["lr"] = 1e-9;
  const ProgramResult warned = run_program("clip-train", {"--config", config(json)});
  EXPECT_EQ(warned.exit_code, 0);
  expect_note(warned, "the run ended at chance: the loss of the last 20 steps is ");
  EXPECT_FALSE(Json::parse(warned.out)["at_chance"].empty());
  const ProgramResult failed =
      run_program("clip-train", {"--config", config(json), "--set", "run.fail_at_chance=true"});
  EXPECT_EQ(failed.exit_code, 17) << "the same run, judged by what it wrote";
  EXPECT_TRUE(fs::exists(runs() / "tiny" / "model" / "model.safetensors"));
}

TEST_F(ClipTrain, AMetricThatNothingGivesIsRefusedBeforeTheStart) {
  Json json = tiny_config(runs(), 30);
  json["train"]["keep_best_metric"] = "zero_shot/unseen_top_1";
  json["eval"]["every_steps"] = 10;
  for (const bool dry : {false, true}) {
    std::vector<std::string> arguments = {"--config", config(json)};
    if (dry) arguments.emplace_back("--dry-run");
    const ProgramResult result = run_program("clip-train", arguments);
    EXPECT_EQ(result.exit_code, 78);
    expect_note(result, "Try: zero_shot/unseen_top1");
    EXPECT_FALSE(fs::exists(runs()));
  }
}

TEST_F(ClipTrain, ConfigMistakesAreToldTogether) {
  Json json = tiny_config(runs(), 30);
  json["optim"]["lerning_rate"] = 1;
  json["data"]["batch_size"] = "many";
  const ProgramResult result = run_program("clip-train", {"--config", config(json)});
  EXPECT_EQ(result.exit_code, 78);
  expect_note(result, "lerning_rate");
  expect_note(result, "batch_size");
  EXPECT_TRUE(result.out.empty());
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(ClipTrain, AMissingConfigurationIsMissingInput) {
  const ProgramResult result = run_program("clip-train", {"--config", "no/such/config.json"});
  EXPECT_EQ(result.exit_code, 66);
  expect_note(result, "no/such/config.json");
}

TEST_F(ClipTrain, AGpuThatIsNotThereIsADeviceError) {
  if (fs::exists("/dev/nvidia0")) GTEST_SKIP() << "this machine has a GPU";
  const ProgramResult result =
      run_program("clip-train", {"--config", tiny(30), "--set", "run.device=cuda"});
  EXPECT_EQ(result.exit_code, 69);
  expect_note(result, "cuda");
}

TEST_F(ClipTrain, MissingEvaluationDataCostsNoRunDirectory) {
  const ProgramResult result = run_program(
      "clip-train", {"--config", tiny(30), "--set", "eval.zero_shot_path=/no/such/tree"});
  EXPECT_EQ(result.exit_code, 66) << result.err;
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(ClipTrain, PrintsTheResolvedConfiguration) {
  const ProgramResult result =
      run_program("clip-train", {"--config", tiny(30), "--set", "optim.lr=0.5", "--set",
                                 "data.batch_size=8", "--print-config"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json printed = Json::parse(result.out);
  EXPECT_EQ(printed["optim"]["lr"], 0.5);
  EXPECT_EQ(printed["data"]["batch_size"], 8);
  EXPECT_EQ(printed["optim"]["beta1"], 0.9) << "defaults are filled in";
  const ProgramResult again =
      run_program("clip-train", {"--config", config(printed), "--print-config"});
  EXPECT_EQ(again.out, result.out);
}

TEST_F(ClipTrain, PrintsSchemaAndReferenceWithoutAConfiguration) {
  const ProgramResult schema = run_program("clip-train", {"--print-schema"});
  ASSERT_EQ(schema.exit_code, 0) << schema.err;
  EXPECT_TRUE(Json::parse(schema.out)["properties"].contains("optim"));
  const ProgramResult reference = run_program("clip-train", {"--print-reference"});
  ASSERT_EQ(reference.exit_code, 0) << reference.err;
  EXPECT_NE(reference.out.find("batch_size"), std::string::npos);
}

TEST_F(ClipTrain, ADryRunLeavesNothingBehind) {
  const ProgramResult result = run_program("clip-train", {"--config", tiny(30), "--dry-run"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json report = Json::parse(result.out);
  EXPECT_GT(report["parameters"].get<int>(), 1000);
  EXPECT_EQ(report["samples_checked"], 64);
  EXPECT_GT(report["checkpoint_mb"].get<double>(), 0.0);
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(ClipTrain, ADryRunFailsWhereTheRunWould) {
  const std::string file = tiny(10);
  ASSERT_EQ(run_program("clip-train", {"--config", file}).exit_code, 0);
  EXPECT_EQ(run_program("clip-train", {"--config", file, "--dry-run"}).exit_code, 0);
  const std::string checkpoints = (runs() / "tiny" / "checkpoints").string();
  const std::vector<std::pair<std::vector<std::string>, int>> mistakes = {
      {{"--set", "model.embed_dim=32"}, 78},
      {{"--set", "eval.zero_shot_path=/no/such/tree"}, 66},
      {{"--set", "run.output_dir=/proc/tandem"}, 73},
      {{"--resume", "never"}, 73},
      {{"--resume", "nonsense"}, 66},
      {{"--resume", checkpoints}, 65},
      {{"--resume", ""}, 64}};
  for (const auto& [mistake, code] : mistakes) {
    std::vector<std::string> command = {"--config", file};
    command.insert(command.end(), mistake.begin(), mistake.end());
    EXPECT_EQ(run_program("clip-train", command).exit_code, code) << mistake[1];
    command.emplace_back("--dry-run");
    const ProgramResult result = run_program("clip-train", command);
    EXPECT_EQ(result.exit_code, code) << mistake[1] << ": " << result.err;
  }
}

TEST_F(ClipTrain, ATerminatedRunGoesOnWithTheSameCommand) {
  const std::vector<std::string> command = {"--config", tiny(400)};
  RunningProgram first("clip-train", command);
  ASSERT_TRUE(first.wait_for_note("step 10/400"));
  first.send(SIGTERM);
  const ProgramResult stopped = first.finish();
  ASSERT_EQ(stopped.exit_code, 75) << stopped.err;
  expect_note(stopped, "run the same command to resume");
  const Json summary = Json::parse(stopped.out);
  EXPECT_EQ(summary["interrupted"], true);
  EXPECT_LT(summary["steps"].get<int>(), 400);

  const ProgramResult second = run_program("clip-train", command);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  expect_note(second, "Resuming after step " + std::to_string(summary["steps"].get<int>()));
  EXPECT_EQ(Json::parse(second.out)["steps"], 400);
}

TEST_F(ClipTrain, ASecondSignalEndsItAtOnce) {
  Json json = tiny_config(runs(), 1000);
  json["data"]["batch_size"] = 1024;
  json["data"]["train"]["shapes"]["count"] = 4096;
  json["model"]["image"]["patch_size"] = 4;
  json["model"]["image"]["width"] = 64;
  json["train"]["log_every_steps"] = 1;
  RunningProgram program("clip-train", {"--config", config(json)});
  ASSERT_TRUE(program.wait_for_note("step 1/1000"));
  program.send(SIGINT);
  ASSERT_TRUE(program.wait_for_note("stopping after this step"));
  program.send(SIGTERM);
  EXPECT_EQ(program.finish().exit_code, 128 + SIGTERM);
}

}  // namespace
}  // namespace tandem::test
