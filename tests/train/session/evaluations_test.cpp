#include <memory>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

Metrics fail(const Task& /*task*/) { throw Error(ErrorKind::kData, "no image can be read"); }

RunConfig evaluated_run(const fs::path& folder) {
  RunConfig config = test::tiny_run(folder);
  config.eval.every_steps = 5;
  return config;
}

TEST(FailingEvaluation, IsAWarningAndTheRunGoesOn) {
  const TemporaryFolder folder;
  Trainer trainer(evaluated_run(folder.path()));
  trainer.add_evaluator(fail);
  trainer.add_evaluator(
      [](const Task&) -> Metrics { throw std::runtime_error("something of a library"); });
  trainer.add_evaluator([](const Task&) { return Metrics{{"probe", 1.0}}; });
  const TrainSummary summary = trainer.run();
  EXPECT_EQ(summary.steps, 12);
  EXPECT_EQ(summary.failed_evaluations, 6);  // two after each of the steps 5, 10 and 12
  EXPECT_EQ(summary.metrics, (Metrics{{"probe", 1.0}}));
  EXPECT_TRUE(fs::exists(summary.model_directory / "model.safetensors"));
  const std::string log = read_file(trainer.run_directory() / "train.log");
  for (const char* part : {"warning: the evaluation at step 5 failed: no image can be read",
                           "warning: the evaluation at step 12 failed: something of a library"})
    EXPECT_NE(log.find(part), std::string::npos) << part;
}

TEST(FailingEvaluation, EndsTheRunWhereAskedAndCostsNoStep) {
  const TemporaryFolder folder;
  RunConfig config = evaluated_run(folder.path());
  config.eval.on_error = EvaluationFailure::kStop;
  {
    Trainer trainer(config);
    trainer.add_evaluator(fail);
    expect_error(ErrorKind::kData,
                 {.what = "the evaluation at step 5 failed",
                  .found = "no image can be read",
                  .reason = "invalid data"},
                 [&] { trainer.run(); });
  }
  Trainer trainer(config);
  EXPECT_EQ(trainer.start_step(), 5);
  EXPECT_EQ(trainer.run().steps, 12);
}

TEST(Evaluation, FindsTheStateSaved) {
  const TemporaryFolder folder;
  Trainer trainer(evaluated_run(folder.path()));
  int64_t saved = 0;
  trainer.add_evaluator([&](const Task&) {
    for (const char* name : {"step-00000005", "step-00000010"}) {
      // It is written in the background: what counts is that it was begun before.
      const fs::path path = trainer.run_directory() / "checkpoints" / name;
      for (int i = 0; i < 1000 && !fs::exists(path) && saved == 0; ++i) ::usleep(1000);
      if (fs::exists(path)) ++saved;
    }
    return Metrics{};
  });
  trainer.run();
  EXPECT_GE(saved, 2);
}

TEST(FailingEvaluation, LeavesTheBestCheckpointAsItWas) {
  const TemporaryFolder folder;
  RunConfig config = evaluated_run(folder.path());
  config.train.keep_best_metric = "probe";
  config.train.save_model = SavedModel::kBest;
  Trainer trainer(config);
  int calls = 0;
  trainer.add_evaluator([&](const Task&) -> Metrics {
    if (++calls > 1) throw Error(ErrorKind::kData, "gone");
    return {{"probe", 1.0}};
  });
  EXPECT_EQ(trainer.run().model_step, 5);
}

TEST(Evaluation, IsRepeatedWhereARunStoppedBetweenItsCheckpointAndItsOutcome) {
  const TemporaryFolder folder;
  RunConfig config = evaluated_run(folder.path());
  config.train.keep_best_metric = "probe";
  config.train.save_model = SavedModel::kBest;
  config.eval.on_error = EvaluationFailure::kStop;
  {
    Trainer trainer(config);
    trainer.add_evaluator(fail);
    EXPECT_EQ(error_of([&] { trainer.run(); }).kind(), ErrorKind::kData);
  }
  Trainer trainer(config);
  EXPECT_EQ(trainer.start_step(), 5);
  double value = 3.0;  // The first evaluation, that of step 5, is the best one.
  trainer.add_evaluator([&](const Task&) { return Metrics{{"probe", --value}}; });
  EXPECT_EQ(trainer.run().model_step, 5);
}

TEST(RunAtChance, IsSaidOnceAtTheEnd) {
  const TemporaryFolder folder;
  RunConfig config = test::tiny_run(folder.path());
  config.optim.lr = 1e-9;
  config.train.max_steps = 30;
  auto trainer = std::make_unique<Trainer>(config);
  trainer->add_evaluator([](const Task&) {
    return Metrics{{"probe/acc1", 0.25}, {"probe/acc1_chance", 0.25}};
  });
  const TrainSummary summary = trainer->run();
  ASSERT_EQ(summary.at_chance.size(), 2U);
  EXPECT_NE(summary.at_chance[0].find("the loss of the last 20 steps is 2."), std::string::npos);
  EXPECT_NE(summary.at_chance[0].find("guessing gives 2.0794"), std::string::npos);
  const std::string log = read_file(trainer->run_directory() / "train.log");
  const size_t first = log.find("the run ended at chance");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("the run ended at chance", first + 1), std::string::npos);

  trainer.reset();        // gives the run directory free
  Trainer again(config);  // Complete: judged by what it wrote.
  EXPECT_EQ(again.run().at_chance.size(), 1U);
}

}  // namespace
}  // namespace tandem
