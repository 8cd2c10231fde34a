#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"
#include "distributed/free_port.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// clip-train as several processes that train together, started as torchrun does it.
class Group {
 public:
  Group(int world_size, const Words& arguments)
      : Group(std::vector<Words>(world_size, arguments)) {}
  /// One command for each rank.
  explicit Group(const std::vector<Words>& commands) {
    Variables variables = {{"MASTER_ADDR", "127.0.0.1"},
                           {"MASTER_PORT", std::to_string(free_port())},
                           {"WORLD_SIZE", std::to_string(commands.size())}};
    for (size_t rank = 0; rank < commands.size(); ++rank) {
      variables["RANK"] = variables["LOCAL_RANK"] = std::to_string(rank);
      ranks_.push_back(
          std::make_unique<RunningProgram>("clip-train", commands[rank], "", variables));
    }
  }
  RunningProgram& operator[](size_t rank) { return *ranks_[rank]; }
  std::vector<ProgramResult> finish() {
    std::vector<ProgramResult> results;
    for (const auto& each : ranks_) results.push_back(each->finish());
    return results;
  }

 private:
  std::vector<std::unique_ptr<RunningProgram>> ranks_;
};

/// What a program said last.
std::string last_line(const ProgramResult& result) {
  const std::vector<std::string> lines = lines_of(result.err);
  return lines.empty() ? std::string() : lines.back();
}

class ClipTrainRanks : public ::testing::Test {
 protected:
  ClipTrainRanks() {
    Json json = tiny_config(runs(), 30);
    json["run"]["cpu_threads"] = 1;
    json["data"]["batch_size"] = 12;
    json["train"]["log_every_steps"] = 1;
    json["train"]["tensorboard"] = false;
    json["loss"] = {{"duplicates", "mask"}};
    write_text(folder_ / "config.json", json.dump());
  }
  [[nodiscard]] fs::path runs() const { return folder_ / "runs"; }
  [[nodiscard]] Words run(const std::string& name, const Words& settings = {}) const {
    Words words = {"--config", (folder_ / "config.json").string(), "--set", "run.name=" + name};
    for (const std::string& each : settings) words.insert(words.end(), {"--set", each});
    return words;
  }
  /// The loss of each step.
  [[nodiscard]] std::map<int, double> curve(const std::string& name) const {
    std::map<int, double> losses;
    for (const std::string& line : lines_of(read_text(runs() / name / "metrics.jsonl"))) {
      const Json entry = Json::parse(line);
      if (entry.contains("train/loss")) losses[entry["step"]] = entry["train/loss"];
    }
    return losses;
  }
  void expect_curve_of(const std::string& expected, const std::string& name) const {
    const std::map<int, double> wanted = curve(expected), found = curve(name);
    ASSERT_EQ(found.size(), wanted.size());
    for (const auto& [step, loss] : wanted) EXPECT_NEAR(found.at(step), loss, 1e-5) << step;
  }
  [[nodiscard]] std::string weights(const std::string& name) const {
    return read_text(runs() / name / "model" / "model.safetensors");
  }

  TemporaryFolder folder_;
};

TEST_F(ClipTrainRanks, TrainAsOneProcessDoes) {
  ASSERT_EQ(run_program("clip-train", run("alone")).exit_code, 0);
  const std::vector<ProgramResult> results = Group(2, run("two")).finish();
  for (const ProgramResult& each : results) ASSERT_EQ(each.exit_code, 0) << each.err;
  expect_curve_of("alone", "two");
  EXPECT_EQ(Json::parse(results[0].out)["steps"], 30);
  EXPECT_NE(results[0].err.find("step 30/30"), std::string::npos);
  EXPECT_EQ(results[1].out, "");
  EXPECT_EQ(results[1].err, "");
}

TEST_F(ClipTrainRanks, AStoppedRunGoesOnWithAnotherNumber) {
  ASSERT_EQ(run_program("clip-train", run("alone")).exit_code, 0);
  Group group(2, run("two"));
  ASSERT_TRUE(group[0].wait_for_note("step 10/30"));
  group[1].send(SIGTERM);
  const std::vector<ProgramResult> stopped = group.finish();
  for (const ProgramResult& each : stopped) EXPECT_EQ(each.exit_code, 75) << each.err;
  EXPECT_LT(curve("two").size(), 30U);
  fs::copy(runs() / "two", runs() / "three", fs::copy_options::recursive);
  EXPECT_EQ(run_program("clip-train", run("two")).exit_code, 0);
  for (const ProgramResult& each : Group(3, run("three")).finish())
    EXPECT_EQ(each.exit_code, 0) << each.err;
  expect_curve_of("alone", "two");
  expect_curve_of("alone", "three");
}

TEST_F(ClipTrainRanks, ADryRunTriesThemTogether) {
  Words command = run("dry");
  command.emplace_back("--dry-run");
  const std::vector<ProgramResult> results = Group(2, command).finish();
  for (const ProgramResult& each : results) ASSERT_EQ(each.exit_code, 0) << each.err;
  EXPECT_EQ(Json::parse(results[0].out)["samples_checked"], 64);
  EXPECT_EQ(results[1].out + results[1].err, "");
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(ClipTrainRanks, AnErrorOfOneEndsAllWithOneLineEach) {
  const Words usual = run("tiny"), other = run("tiny", {"optim.lr=0.002"});
  for (const ProgramResult& each : Group({usual, other}).finish()) {
    EXPECT_EQ(each.exit_code, 78);
    EXPECT_EQ(last_line(each).find("error: rank 1: "), 0U) << each.err;
  }
  const Words blind = run("tiny", {"eval.zero_shot_path=/no/such/tree"});
  const std::vector<ProgramResult> results = Group({usual, blind}).finish();
  EXPECT_EQ(results[0].exit_code, 75);
  EXPECT_EQ(last_line(results[0]).find("error: rank 1: "), 0U) << results[0].err;
  EXPECT_EQ(results[1].exit_code, 66);
  EXPECT_EQ(lines_of(results[1].err).size(), 1U) << results[1].err;
  EXPECT_FALSE(fs::exists(runs()));
}

TEST_F(ClipTrainRanks, ABatchThatTheyCannotShareIsRefused) {
  for (const ProgramResult& each : Group(2, run("tiny", {"data.batch_size=13"})).finish()) {
    EXPECT_EQ(each.exit_code, 64);
    EXPECT_NE(each.err.find("a multiple of 2 ranks"), std::string::npos) << each.err;
  }
}

/// A run of three ranks, of which one gets a signal that it cannot answer.
class ClipTrainRankFaults : public ClipTrainRanks {
 protected:
  static constexpr double kLimit = 5;       // run.peer_timeout_seconds
  static constexpr double kDiagnosis = 20;  // To find out who it was, and to leave.

  [[nodiscard]] Words command(const std::string& name) const {
    return run(name, {"train.max_steps=60", "train.checkpoint_every_steps=20",
                      "run.peer_timeout_seconds=5"});
  }
  void train(const std::string& name) const {
    for (const ProgramResult& each : Group(3, command(name)).finish())
      ASSERT_EQ(each.exit_code, 0) << each.err;
  }
  /// What the same run ends with when nothing happens; trained once.
  struct Outcome {
    std::string weights;
    std::map<int, double> curve;
  };
  [[nodiscard]] const Outcome& undisturbed() const {
    static const Outcome outcome = [this] {
      train("whole");
      return Outcome{.weights = weights("whole"), .curve = curve("whole")};
    }();
    return outcome;
  }
  void expect_named_and_resumed(size_t victim, int signal) const {
    Group group(3, command("broken"));
    ASSERT_TRUE(group[0].wait_for_note("step 25/60"));
    group[victim].send(signal);
    const auto began = std::chrono::steady_clock::now();
    const std::string named = "error: rank " + std::to_string(victim) + ": the process on ";
    for (size_t rank = 0; rank < 3; ++rank) {
      if (rank == victim) continue;
      const ProgramResult result = group[rank].finish();
      EXPECT_EQ(result.exit_code, 75);
      EXPECT_EQ(last_line(result).find(named), 0U) << rank << ": " << result.err;
      EXPECT_TRUE(rank == 0 || lines_of(result.err).size() == 1U) << result.err;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_LT(took.count(), kLimit + kDiagnosis);
    group[victim].send(SIGKILL);
    group[victim].finish();
    train("broken");
    EXPECT_TRUE(weights("broken") == undisturbed().weights);
    EXPECT_EQ(curve("broken"), undisturbed().curve);
  }
};

TEST_F(ClipTrainRankFaults, AKilledRankIsNamed) { expect_named_and_resumed(1, SIGKILL); }
TEST_F(ClipTrainRankFaults, TheKilledWriterIsNamed) { expect_named_and_resumed(0, SIGKILL); }
TEST_F(ClipTrainRankFaults, AStoppedRankIsNamed) { expect_named_and_resumed(2, SIGSTOP); }
TEST_F(ClipTrainRankFaults, TheStoppedWriterIsNamed) { expect_named_and_resumed(0, SIGSTOP); }

TEST_F(ClipTrainRankFaults, ARankThatNeverStartsIsNamed) {
  const ProgramResult alone = RunningProgram("clip-train", command("tiny"), "",
                                             {{"MASTER_ADDR", "127.0.0.1"},
                                              {"MASTER_PORT", std::to_string(free_port())},
                                              {"WORLD_SIZE", "2"},
                                              {"RANK", "0"}})
                                  .finish();
  EXPECT_EQ(alone.exit_code, 75);
  EXPECT_EQ(last_line(alone).find("error: rank 1: did not start within 5 s"), 0U) << alone.err;
  EXPECT_FALSE(fs::exists(runs()));
}

}  // namespace
}  // namespace tandem::test
