#include "train/sliced_step.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tandem/core/device.h"
#include "tandem/loss/contrastive_loss.h"
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

double run(ClipModel& model, int64_t count, int64_t slices) {
  const auto loss_of = [&](const ClipEmbeddings& embeddings) {
    return contrastive_loss(embeddings.image_embeddings, embeddings.text_embeddings,
                            model->logit_scale());
  };
  return sliced_forward_backward(model, pictures(count), texts(count), slices, loss_of)
      .item<double>();
}

TEST(SlicedStep, GivesTheGradientsOfTheWholeBatch) {
  ClipModel model = make_tiny();
  const ClipEmbeddings embeddings = model->forward(pictures(13), texts(13));
  const torch::Tensor whole_loss = contrastive_loss(
      embeddings.image_embeddings, embeddings.text_embeddings, model->logit_scale());
  whole_loss.backward();
  const auto whole = take_gradients(model);
  for (const int64_t slices : {2, 3, 5}) {
    EXPECT_NEAR(run(model, 13, slices), whole_loss.item<double>(), 1e-5);
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
  (void)run(model, 16, 4);
  const auto first = take_gradients(model);
  for (int repeat = 0; repeat < 5; ++repeat) {
    (void)run(model, 16, 4);
    for (const auto& [name, gradient] : take_gradients(model))
      EXPECT_TRUE(torch::equal(gradient, first.at(name))) << name;
  }
}

TEST(SlicedStep, IsLeftAloneWhereItWouldChangeTheResult) {
  set_cpu_threads(2);
  EXPECT_EQ(step_slices(make_tiny(), 64, {}), 4) << "two for each thread";
  EXPECT_EQ(step_slices(make_tiny(), 63, {}), 2) << "one for each, or they would be too small";
  EXPECT_EQ(step_slices(make_tiny(), 16, {}), 1);
  EXPECT_EQ(step_slices(make_tiny(0.1), 64, {}), 1);
  EXPECT_EQ(step_slices(make_tiny(), 64, {.micro_batches = 2}), 1);
  set_cpu_threads(1);
  EXPECT_EQ(step_slices(make_tiny(), 64, {}), 1);
}

}  // namespace
}  // namespace tandem
