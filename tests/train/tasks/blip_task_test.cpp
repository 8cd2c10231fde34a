#include "tandem/train/blip_task.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/model/model_directory.h"
#include "train/tasks/task_step.h"
#include "train/tiny.h"

namespace tandem {
namespace {

RunConfig blip_run(const std::filesystem::path& output_dir, const std::string& name) {
  RunConfig config = test::tiny_run(output_dir);
  config.run.name = name;
  config.task = {.kind = TaskKind::kBlip,
                 .blip = {.momentum = 0.9, .queue_size = 20, .soft_ramp_steps = 4}};
  config.model.text.pool = TextPool::kCls;
  config.model.text.cross_attention = true;
  config.model.decoder.layers = 1;
  config.model.decoder.width = 16;
  config.model.decoder.heads = 2;
  config.model.decoder.context_length = 16;
  config.model.decoder.share = DecoderSharing::kAllButSelfAttention;
  config.train.max_steps = 20;
  config.train.checkpoint_every_steps = 5;
  return config;
}

void expect_equal(const TensorMap& expected, const TensorMap& actual, double tolerance) {
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [name, tensor] : expected) {
    const double difference =
        (actual.at(name) - tensor).abs().max().to(torch::kFloat64).item<double>();
    EXPECT_LE(difference, tolerance) << name;
  }
}

TEST(BlipTask, TotalsItsThreeLossesAndTrainsAllParts) {
  const TemporaryFolder folder;
  test::TaskStep step(blip_run(folder.path(), "losses"));
  const TaskLosses losses = step.task->forward_backward(step.loader.next(), 1);
  ASSERT_EQ(losses.terms.size(), 3U);
  double sum = 0;
  for (const auto& [name, term] : losses.terms) {
    EXPECT_GT(term.item<double>(), 0.1) << name;
    sum += term.item<double>();
  }
  EXPECT_NEAR(losses.total.item<double>(), sum, 1e-5);
  EXPECT_NEAR(losses.terms.at("matching").item<double>(), 0.65, 0.2);  // Nearly a guess.
  for (const auto& each : step.task->module()->named_parameters()) {
    ASSERT_TRUE(each.value().grad().defined()) << each.key();
    if (each.key().find("norm") != std::string::npos) continue;
    EXPECT_GT(each.value().grad().abs().max().item<double>(), 0.0) << each.key();
  }
}

// Also with negatives from other micro-batches.
TEST(BlipTask, GivesTheSameGradientsInMicroBatches) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "parts");
  test::TaskStep whole(config);
  config.train.accumulation_steps = 4;
  test::TaskStep parts(config);
  for (int i = 0; i < 3; ++i) {
    const TaskLosses expected = whole.task->forward_backward(whole.loader.next(), 7);
    const TaskLosses actual = parts.task->forward_backward(parts.loader.next(), 7);
    for (const auto& [name, term] : expected.terms)
      EXPECT_NEAR(actual.terms.at(name).item<double>(), term.item<double>(), 1e-5) << name;
    whole.task->after_update();
    parts.task->after_update();
  }
  expect_equal(whole.gradients(), parts.gradients(), 1e-5);
  expect_equal(whole.task->state(), parts.task->state(), 1e-6);
}

// Negative images of one slice are those of another.
TEST(BlipTask, GivesTheSameGradientsInSlices) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "slices");
  config.data.batch_size = 64;
  const int threads = torch::get_num_threads();
  set_cpu_threads(1);
  test::TaskStep whole(config), sliced(config);
  const Batch batch = whole.loader.next();
  const TaskLosses expected = whole.task->forward_backward(batch, 7);
  set_cpu_threads(2);
  const TaskLosses actual = sliced.task->forward_backward(batch, 7);
  set_cpu_threads(threads);
  for (const auto& [name, term] : expected.terms)
    EXPECT_NEAR(actual.terms.at(name).item<double>(), term.item<double>(), 1e-5) << name;
  expect_equal(whole.gradients(), sliced.gradients(), 1e-5);
}

// With a margin of 2 every other pair is too similar: what is left are the true pairs.
TEST(BlipTask, APairThatIsNearlyAsSimilarIsNoNegative) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "margin");
  const auto matching_of = [&](double margin) {
    config.task.blip.negative_margin = margin;
    test::TaskStep step(config);
    const torch::NoGradGuard no_gradient;
    // A head that always says "no match", with certainty e^3 : 1.
    step.task->module()->named_parameters()["matching_head.weight"].zero_();
    step.task->module()->named_parameters()["matching_head.bias"].copy_(torch::tensor({3.0, 0.0}));
    const torch::AutoGradMode with_gradient(true);
    return step.task->forward_backward(step.loader.next(), 1).terms.at("matching").item<double>();
  };
  const double wrong = std::log1p(std::exp(3.0)), right = std::log1p(std::exp(-3.0));
  EXPECT_NEAR(matching_of(2.0), wrong, 1e-5);
  EXPECT_NEAR(matching_of(-2.0), (wrong + 2 * right) / 3, 1e-5);
}

TEST(BlipTask, TheTwinFollowsTheModel) {
  const TemporaryFolder folder;
  test::TaskStep step(blip_run(folder.path(), "twin"));
  torch::NoGradGuard no_gradient;
  const torch::Tensor weight = step.task->module()->named_parameters()["image.class_token"];
  const torch::Tensor before = weight.clone();
  EXPECT_TRUE(torch::equal(step.task->state().at("twin.image.class_token"), before));
  weight.add_(1.0);
  step.task->after_update();
  const torch::Tensor moved = step.task->state().at("twin.image.class_token") - before;
  EXPECT_NEAR(moved.mean().item<double>(), 0.1, 1e-5);
  EXPECT_FALSE(step.task->state().contains("twin.decoder.head_bias"));
}

TEST(BlipTask, ABatchWhoseLossIsNotFiniteStaysOutOfTheQueue) {
  const TemporaryFolder folder;
  test::TaskStep step(blip_run(folder.path(), "queue"));
  const auto pushed = [&] { return step.task->state().at("queue.pushed").item<int64_t>(); };
  step.task->forward_backward(step.loader.next(), 1);
  EXPECT_EQ(pushed(), 0);
  step.task->forward_backward(step.loader.next(), 2);
  step.task->after_update();
  EXPECT_EQ(pushed(), 8);
}

TEST(BlipTask, WorksWithoutTwinAndQueue) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "plain");
  config.task.blip = {};
  Trainer trainer(config);
  const std::vector<double> losses = test::run_losses(trainer);
  ASSERT_EQ(losses.size(), 20U);
  EXPECT_LT(losses.back(), losses.front());
  EXPECT_EQ(trainer.task().state().size(), 1U);
}

TEST(BlipTask, ResumesBitForBit) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "straight");
  config.model.text.dropout = config.model.decoder.dropout = 0.1;
  config.train.accumulation_steps = 2;
  Trainer straight(config);
  straight.run();
  config.run.name = "stopped";
  {
    Trainer stopped(config);
    test::run_losses(stopped, 7);
  }
  Trainer resumed(config);
  EXPECT_GE(resumed.start_step(), 5);
  resumed.run();
  expect_equal(named_weights(*straight.task().module()), named_weights(*resumed.task().module()),
               0.0);
  expect_equal(straight.task().state(), resumed.task().state(), 0.0);
}

TEST(BlipTask, NeedsAModelThatMatchesAndWrites) {
  const TemporaryFolder folder;
  RunConfig config = blip_run(folder.path(), "none");
  config.model.decoder = {};
  const Error error = error_of([&] { const test::TaskStep step(config); });
  EXPECT_EQ(error.kind(), ErrorKind::kConfig);
  EXPECT_EQ(error.text().where, "model.decoder.layers");
}

}  // namespace
}  // namespace tandem
