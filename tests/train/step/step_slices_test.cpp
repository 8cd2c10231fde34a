#include "train/step/step_slices.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tandem/core/device.h"
#include "tandem/train/train_step.h"
#include "train/tiny.h"

namespace tandem {
namespace {

ClipModel make_tiny(double dropout = 0.0) {
  ModelOptions options = test::tiny_model();
  options.text.vocab_size = 20;
  options.text.dropout = options.image.dropout = dropout;
  ClipModel model(options, 5);
  model->train();
  return model;
}

torch::Tensor pictures(int64_t count) {
  return torch::randint(0, 256, {count, 3, 32, 32}, make_generator(torch::kCPU, 1), torch::kUInt8);
}

TokenBatch texts(int64_t count) {
  std::vector<std::vector<int32_t>> ids;
  for (int64_t i = 0; i < count; ++i)
    ids.emplace_back(static_cast<size_t>(2 + i % 5), static_cast<int32_t>(4 + i % 13));
  return pack_tokens(ids);
}

std::map<std::string, torch::Tensor> take_gradients(ClipModel& model) {
  std::map<std::string, torch::Tensor> gradients;
  for (const auto& entry : model->named_parameters()) {
    gradients[entry.key()] = entry.value().grad().clone();
    entry.value().mutable_grad().reset();
  }
  return gradients;
}

double run(ClipModel& model, int64_t count) {
  return forward_backward(model, {.images = pictures(count), .tokens = texts(count)},
                          clip_loss(model))
      .item<double>();
}

TEST(SlicedStep, GivesTheGradientsOfTheWholeBatch) {
  ClipModel model = make_tiny();
  constexpr int64_t kPairs = 83;
  set_cpu_threads(1);
  ASSERT_EQ(step_slices(model, kPairs), 1);
  const double whole_loss = run(model, kPairs);
  const auto whole = take_gradients(model);
  for (const auto& [threads, slices] : {std::pair{2, 4}, std::pair{3, 3}, std::pair{5, 5}}) {
    set_cpu_threads(threads);
    ASSERT_EQ(step_slices(model, kPairs), slices);
    EXPECT_NEAR(run(model, kPairs), whole_loss, 1e-5);
    const auto sliced = take_gradients(model);
    for (const auto& [name, gradient] : whole) {
      const double scale = gradient.abs().max().item<double>();
      const double worst = (sliced.at(name) - gradient).abs().max().item<double>();
      EXPECT_LE(worst, 1e-5 * scale + 1e-8) << name << " in " << slices << " slices";
    }
  }
}

TEST(SlicedStep, GivesTheSameBitsEveryTime) {
  ClipModel model = make_tiny();
  set_cpu_threads(2);
  (void)run(model, 64);
  const auto first = take_gradients(model);
  for (int repeat = 0; repeat < 5; ++repeat) {
    (void)run(model, 64);
    for (const auto& [name, gradient] : take_gradients(model))
      EXPECT_TRUE(torch::equal(gradient, first.at(name))) << name;
  }
}

TEST(SlicedStep, LeavesAFrozenSideAlone) {
  ClipModel model = make_tiny();
  set_cpu_threads(2);
  for (const auto& entry : model->named_parameters())
    if (entry.key().starts_with("text")) entry.value().set_requires_grad(false);
  (void)run(model, 64);
  for (const auto& entry : model->named_parameters()) {
    const bool trained = !entry.key().starts_with("text");
    EXPECT_EQ(entry.value().grad().defined(), trained) << entry.key();
  }
}

TEST(SlicedStep, IsLeftAloneWhereItWouldChangeTheResult) {
  set_cpu_threads(2);
  EXPECT_EQ(step_slices(make_tiny(), 64), 4) << "two for each thread";
  EXPECT_EQ(step_slices(make_tiny(), 63), 2) << "one for each, or they would be too small";
  EXPECT_EQ(step_slices(make_tiny(), 16), 1);
  EXPECT_EQ(step_slices(make_tiny(0.1), 64), 1);
  set_cpu_threads(1);
  EXPECT_EQ(step_slices(make_tiny(), 64), 1);
}

}  // namespace
}  // namespace tandem
