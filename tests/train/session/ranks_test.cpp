#include <algorithm>
#include <atomic>
#include <mutex>

#include "distributed/thread_ranks.h"
#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"
#include "tandem/train/clip_task.h"
#include "train/tasks/text_autoencoder.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

RunConfig run_of(const fs::path& output_dir, const std::string& name) {
  RunConfig config = test::tiny_run(output_dir);
  config.run.name = name;
  config.optim.lr = 1e-2;
  config.data.loader_threads = 1;
  return config;
}

TrainerOptions autoencoder(const std::shared_ptr<Communicator>& rank = single_process()) {
  return {
      .make_task =
          [](const TaskInputs& inputs) { return std::make_unique<test::TextAutoencoder>(inputs); },
      .communicator = rank};
}

TEST(Ranks, TrainAsOneProcessWithTheWholeBatch) {
  const TemporaryFolder folder;
  Trainer alone(run_of(folder.path(), "alone"), autoencoder());
  const std::vector<double> expected = test::run_losses(alone);
  const TensorMap weights = named_weights(*alone.task().module());

  std::mutex mutex;
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    Trainer trainer(run_of(folder.path(), "ranks"), autoencoder(rank));
    const std::vector<double> losses = test::run_losses(trainer);
    const std::lock_guard lock(mutex);
    ASSERT_EQ(losses.size(), expected.size());
    for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 1e-5) << i;
    for (const auto& [name, tensor] : named_weights(*trainer.task().module()))
      EXPECT_TRUE(torch::allclose(tensor, weights.at(name), 1e-4, 1e-5)) << name;
  });
  // One of the two wrote the folder, as a process alone does.
  for (const char* name : {"model/autoencoder.safetensors", "metrics.jsonl", "config.json",
                           "checkpoints/step-00000012/model.safetensors"})
    EXPECT_TRUE(fs::exists(folder.path() / "ranks" / name)) << name;
}

TEST(Ranks, StopTogetherWhenOneIsAsked) {
  const TemporaryFolder folder;
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    Trainer trainer(run_of(folder.path(), "ranks"), autoencoder(rank));
    trainer.on_log([&](const StepStats& stats) {
      if (stats.step == 5 && rank->rank() == 1) trainer.request_stop();
    });
    const TrainSummary summary = trainer.run();
    EXPECT_TRUE(summary.interrupted);
    EXPECT_EQ(summary.steps, 5);
  });
  // Any number of ranks resumes.
  Trainer alone(run_of(folder.path(), "ranks"), autoencoder());
  EXPECT_EQ(alone.start_step(), 5);
  EXPECT_EQ(alone.run().steps, 12);
}

/// Shapes, of which one rank's later samples cannot be read.
class Unreadable final : public Source {
 public:
  explicit Unreadable(bool is_damaged)
      : inner_(open_source({.kind = SourceKind::kShapes, .shapes = {.count = 64}}, {})),
        is_damaged_(is_damaged) {}
  [[nodiscard]] int64_t size() const override { return inner_->size(); }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t seed) const override {
    if (is_damaged_ && ++reads_ > 30)
      throw Error(ErrorKind::kData, "sample " + std::to_string(index) + " is damaged");
    return inner_->sample(index, seed);
  }
  [[nodiscard]] std::string key(int64_t index) const override { return inner_->key(index); }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return inner_->captions(index);
  }
  [[nodiscard]] std::string fingerprint() const override { return inner_->fingerprint(); }

 private:
  std::unique_ptr<Source> inner_;
  bool is_damaged_;
  mutable std::atomic<int> reads_{0};
};

TEST(Ranks, EndTogetherWhenOneHasNoBatch) {
  const TemporaryFolder folder;
  std::atomic<int64_t> own{0}, others{0};
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    RunConfig config = run_of(folder.path(), "ranks");
    config.data.train = {.kind = SourceKind::kProgram};
    config.train.max_steps = 40;
    TrainerOptions options = autoencoder(rank);
    options.source = std::make_shared<Unreadable>(rank->rank() == 1);
    Trainer trainer(config, options);
    const Error error = test::error_of([&] { trainer.run(); });
    if (error.kind() == ErrorKind::kData) ++own;
    if (error.kind() == ErrorKind::kInterrupted && error.text().where == "rank 1") ++others;
  });
  EXPECT_EQ(own, 1);
  EXPECT_EQ(others, 1);
  // What was trained before is saved.
  EXPECT_TRUE(fs::exists(folder.path() / "ranks" / "checkpoints" / "latest"));
}

TEST(Ranks, FailToStartTogether) {
  const TemporaryFolder folder;
  const Trainer holder(run_of(folder.path(), "ranks"), autoencoder());
  std::atomic<int64_t> locked{0}, others{0};
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    const Error error = test::error_of(
        [&] { const Trainer trainer(run_of(folder.path(), "ranks"), autoencoder(rank)); });
    if (error.kind() == ErrorKind::kCannotCreate) ++locked;
    if (error.kind() == ErrorKind::kInterrupted && error.text().where == "rank 0") ++others;
  });
  EXPECT_EQ(locked, 1);
  EXPECT_EQ(others, 1);
}

TEST(Ranks, FailTogetherInAnEvaluation) {
  const TemporaryFolder folder;
  std::atomic<int64_t> own{0}, others{0};
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    RunConfig config = run_of(folder.path(), "ranks");
    config.eval.every_steps = 5;
    config.eval.on_error = EvaluationFailure::kStop;
    Trainer trainer(config, autoencoder(rank));
    trainer.add_evaluator([&](const Task&) -> Metrics {
      if (rank->rank() == 1) throw Error(ErrorKind::kData, "no image");
      return {};
    });
    const Error error = test::error_of([&] { trainer.run(); });
    if (error.kind() == ErrorKind::kData) ++own;
    if (error.kind() == ErrorKind::kInterrupted) ++others;
  });
  EXPECT_EQ(own, 1);
  EXPECT_EQ(others, 1);
}

TEST(Ranks, ThatDifferAreNamed) {
  const TemporaryFolder folder;
  std::atomic<int64_t> told{0};
  test::run_ranks(3, [&](const std::shared_ptr<Communicator>& rank) {
    RunConfig config = run_of(folder.path(), "ranks");
    config.data.batch_size = 9;
    config.data.loader_threads = 1 + rank->rank();  // That may differ.
    if (rank->rank() == 1) config.optim.lr = 2e-2;
    const Error error = test::error_of([&] { const Trainer trainer(config, autoencoder(rank)); });
    if (error.kind() == ErrorKind::kConfig && error.text().where == "rank 1") ++told;
  });
  EXPECT_EQ(told, 3);
  EXPECT_FALSE(fs::exists(folder.path() / "ranks"));
}

TEST(Ranks, OfClipWriteOneRunDirectory) {
  const TemporaryFolder folder;
  RunConfig config = run_of(folder.path(), "alone");
  config.optim.lr = 1e-3;
  config.eval.every_steps = 5;
  const std::vector<double> expected = [&] {
    Trainer alone(config);
    return test::run_losses(alone);
  }();
  config.run.name = "ranks";
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    Trainer trainer(config, {.communicator = rank});
    trainer.add_evaluator([](const Task&) { return Metrics{{"own/one", 1.0}}; });
    const std::vector<double> losses = test::run_losses(trainer);
    ASSERT_EQ(losses.size(), expected.size());
    for (size_t i = 0; i < losses.size(); ++i) EXPECT_NEAR(losses[i], expected[i], 1e-5) << i;
  });
  EXPECT_NO_THROW((void)load_model(folder.path() / "ranks" / "model"));
  const std::string records = read_file(folder.path() / "ranks" / "metrics.jsonl");
  EXPECT_EQ(std::count(records.begin(), records.end(), '\n'), 12 + 3) << "three evaluations";
}

}  // namespace
}  // namespace tandem
