#include <cmath>
#include <tuple>

#include "distributed/thread_ranks.h"
#include "tandem/train/clip_task.h"
#include "train/session/session.h"
#include "train/tiny.h"

namespace tandem {
namespace {

constexpr int64_t kPairs = 16;

/// What some steps of a session were like.
struct Course {
  std::vector<double> losses;                  // By step.
  std::vector<std::vector<std::string>> keys;  // Samples by step, the ranks' in order.
  TensorMap gradients;                         // Of the last step.
  Checkpoint end;
};

/// Squares of 11 shades with captions of 7: a batch has duplicates of both kinds, on one rank and
/// across ranks.
class Shades final : public Source {
 public:
  [[nodiscard]] int64_t size() const override { return 64; }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t /*seed*/) const override {
    Image image;
    image.width = image.height = 32;
    image.pixels.assign(size_t{3} * 32 * 32, static_cast<uint8_t>(23 * (index % 11)));
    return {.key = key(index), .image = image, .captions = captions(index)};
  }
  [[nodiscard]] std::string key(int64_t index) const override { return std::to_string(index); }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return {"a square of shade " + std::to_string(index % 7)};
  }
  [[nodiscard]] std::string fingerprint() const override { return "shades 1"; }
};

RunConfig clip_run() {
  RunConfig config = test::tiny_run("unused");
  config.tokenizer.train_vocab_size = 40;
  config.data.train = {.kind = SourceKind::kProgram};
  config.data.batch_size = kPairs;
  config.data.loader_threads = 1;
  config.optim.lr = 1e-3;
  return config;
}

Checkpoint copy_of(Checkpoint checkpoint) {
  for (TensorMap* tensors : {&checkpoint.weights, &checkpoint.optimizer, &checkpoint.task_state})
    for (auto& [name, tensor] : *tensors) tensor = tensor.detach().clone();
  return checkpoint;
}

Course train(const RunConfig& config, const SessionOptions& options, int64_t steps,
             const Checkpoint* from) {
  TrainingSession session(
      open_inputs(config, torch::kCPU, {.source = std::make_shared<const Shades>()}), options,
      from);
  const int64_t first = from != nullptr ? from->step : 0;
  session.share_state(first);
  Course course;
  for (int64_t step = first; step < first + steps; ++step) {
    const StepResult result = session.train_step(step);
    course.losses.push_back(result.losses.total.item<double>());
    course.keys.push_back(result.keys);
  }
  for (const auto& each : session.task().module()->named_parameters()) {
    if (!each.value().grad().defined()) continue;
    torch::Tensor gradient = each.value().grad().to(torch::kFloat32, false, /*copy=*/true);
    // The sum of bf16 gradients lies in the optimizer.
    if (each.value().scalar_type() != torch::kFloat32) session.communicator().all_reduce(gradient);
    course.gradients[each.key()] = gradient;
  }
  course.end = copy_of(session.checkpoint(first + steps));
  return course;
}

/// Every rank's course must be that of rank 0, to the bit.
Course train_on(int64_t world_size, const RunConfig& config, int64_t steps,
                const Checkpoint* from = nullptr) {
  std::vector<Course> courses(static_cast<size_t>(world_size));
  test::run_ranks(world_size, [&](const std::shared_ptr<Communicator>& rank) {
    courses[static_cast<size_t>(rank->rank())] = train(config, {.communicator = rank}, steps, from);
  });
  Course course = courses.front();
  for (size_t rank = 1; rank < courses.size(); ++rank) {
    EXPECT_EQ(courses[rank].losses, course.losses);
    for (const auto& [name, gradient] : course.gradients)
      EXPECT_TRUE(torch::equal(courses[rank].gradients.at(name), gradient)) << name;
    for (size_t step = 0; step < course.keys.size(); ++step) {
      const std::vector<std::string>& keys = courses[rank].keys[step];
      course.keys[step].insert(course.keys[step].end(), keys.begin(), keys.end());
    }
  }
  return course;
}

void expect_same_gradients(const Course& found, const Course& expected) {
  ASSERT_EQ(found.gradients.size(), expected.gradients.size());
  for (const auto& [name, gradient] : expected.gradients) {
    const double scale = gradient.abs().max().item<double>();
    const double worst = (found.gradients.at(name) - gradient).abs().max().item<double>();
    EXPECT_LE(worst, 1e-5 * scale + 1e-8) << name << " of " << scale;
  }
}

struct Variant {
  const char* name;
  void (*change)(RunConfig& config);
};
void PrintTo(const Variant& each, std::ostream* to) { *to << each.name; }

class ClipRanks : public testing::TestWithParam<std::tuple<Variant, int64_t>> {};

TEST_P(ClipRanks, HaveTheGradientsOfOneProcessWithTheWholeBatch) {
  const auto& [variant, world_size] = GetParam();
  RunConfig config = clip_run();
  variant.change(config);
  const Course alone = train(config, {}, 1, nullptr);
  const Course ranks = train_on(world_size, config, 1);
  EXPECT_NEAR(ranks.losses[0], alone.losses[0], 1e-5);
  EXPECT_EQ(ranks.keys, alone.keys);
  EXPECT_GT(alone.gradients.at("logit_scale").abs().item<double>(), 0.0);
  expect_same_gradients(ranks, alone);
}

INSTANTIATE_TEST_SUITE_P(
    Of, ClipRanks,
    testing::Combine(
        testing::Values(Variant{"info_nce", [](RunConfig&) {}},
                        Variant{"smoothed, duplicates masked",
                                [](RunConfig& config) {
                                  config.loss = {.label_smoothing = 0.2,
                                                 .duplicates = Duplicates::kMask};
                                }},
                        Variant{"smoothed, duplicates positive",
                                [](RunConfig& config) {
                                  config.loss = {.label_smoothing = 0.2,
                                                 .duplicates = Duplicates::kPositive};
                                }},
                        Variant{"sigmoid, duplicates positive",
                                [](RunConfig& config) {
                                  config.loss = {.kind = LossKind::kSigmoid,
                                                 .duplicates = Duplicates::kPositive};
                                  config.model.logit_bias = true;
                                }},
                        Variant{"sigmoid, duplicates masked",
                                [](RunConfig& config) {
                                  config.loss = {.kind = LossKind::kSigmoid,
                                                 .duplicates = Duplicates::kMask};
                                  config.model.logit_bias = true;
                                }},
                        Variant{"four micro-batches",
                                [](RunConfig& config) { config.train.accumulation_steps = 4; }},
                        Variant{"a frozen image tower",
                                [](RunConfig& config) { config.model.image.freeze = true; }},
                        Variant{"a frozen text tower in micro-batches",
                                [](RunConfig& config) {
                                  config.model.text.freeze = true;
                                  config.train.accumulation_steps = 2;
                                }}),
        testing::Values(1, 2, 4)));

double distance(const Course& a, const Course& b) {
  double squares = 0;
  for (const auto& [name, gradient] : a.gradients)
    squares += (gradient - b.gradients.at(name)).square().sum().item<double>();
  return std::sqrt(squares);
}

TEST(ClipRanksBf16, AreAsNearToFp32AsOneProcess) {
  RunConfig config = clip_run();
  const Course expected = train(config, {}, 1, nullptr);
  config.train.precision = Precision::kBf16;
  const double alone = distance(train(config, {}, 1, nullptr), expected);
  EXPECT_GT(alone, 0.0);
  for (const int64_t world_size : {2, 4})
    EXPECT_LT(distance(train_on(world_size, config, 1), expected), 1.2 * alone) << world_size;
}

// Without them, the variants above would say nothing.
TEST(ClipRanksDuplicates, ChangeTheLoss) {
  RunConfig config = clip_run();
  const double kept = train_on(4, config, 1).losses[0];
  config.loss.duplicates = Duplicates::kMask;
  EXPECT_GT(std::abs(train_on(4, config, 1).losses[0] - kept), 1e-2);
}

TEST(ClipRanksCourse, IsThatOfOneProcess) {
  RunConfig config = clip_run();
  config.optim.grad_clip_norm = 0.5;
  const Course alone = train(config, {}, 12, nullptr);
  for (const int64_t world_size : {2, 4}) {
    const Course ranks = train_on(world_size, config, 12);
    for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(ranks.losses[i], alone.losses[i], 1e-5) << i;
  }
}

TEST(ClipRanksCourse, GoesOnWithAnyNumberOfRanks) {
  const RunConfig config = clip_run();
  const Course alone = train(config, {}, 12, nullptr);
  const Course begun = train_on(2, config, 5);
  for (const int64_t world_size : {1, 2, 4, 8}) {
    const Course rest = train_on(world_size, config, 7, &begun.end);
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(rest.keys[i], alone.keys[i + 5]) << world_size;
      EXPECT_NEAR(rest.losses[i], alone.losses[i + 5], 1e-5) << world_size;
    }
  }
}

TEST(ClipRanksStart, IsThatOfRankZero) {
  const RunConfig config = clip_run();
  const Course expected = train(config, {}, 2, nullptr);
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    const MakeTask make_task = [](const TaskInputs& inputs) {
      std::unique_ptr<Task> task = tandem::make_task(inputs);
      const torch::NoGradGuard no_grad;
      if (inputs.communicator.rank() == 1)
        for (torch::Tensor& each : task->module()->parameters()) each += 1;
      return task;
    };
    const Course found = train(config, {.make_task = make_task, .communicator = rank}, 2, nullptr);
    for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(found.losses[i], expected.losses[i], 1e-5);
  });
}

TEST(ClipRanksStart, IsRefusedWhereMicroBatchesDoNotFit) {
  RunConfig config = clip_run();
  config.train.accumulation_steps = 8;
  test::run_ranks(4, [&](const std::shared_ptr<Communicator>& rank) {
    const Error error =
        test::error_of([&] { (void)train(config, {.communicator = rank}, 1, nullptr); });
    EXPECT_EQ(error.kind(), ErrorKind::kConfig);
    EXPECT_EQ(error.text().where, "train.accumulation_steps");
  });
}

TEST(ClipRanksStart, IsRefusedForALossOfOnesOwn) {
  const RunConfig config = clip_run();
  test::run_ranks(2, [&](const std::shared_ptr<Communicator>& rank) {
    const MakeTask make_task = [](const TaskInputs& inputs) {
      return std::make_unique<ClipTask>(
          inputs, [](const ClipModel& model, const PairGroups&) { return clip_loss(model); });
    };
    const Error error = test::error_of(
        [&] { (void)train(config, {.make_task = make_task, .communicator = rank}, 1, nullptr); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  });
}

}  // namespace
}  // namespace tandem
