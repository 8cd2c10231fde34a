#include "train/tasks/memory_plan.h"

#include <algorithm>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include "tandem/core/device.h"
#include "tandem/optim/adamw.h"
#include "tandem/train/train_step.h"
#include "train/tiny.h"

namespace tandem {
namespace {

RunConfig large_run() {
  RunConfig config;
  config.data.batch_size = 32;
  config.model.image = {.image_size = 64, .patch_size = 8, .width = 192, .layers = 4, .heads = 3};
  config.model.text.context_length = 40;
  config.model.text.vocab_size = 50;
  config.model.text.width = 192;
  config.model.text.layers = 4;
  config.model.text.heads = 3;
  return config;
}

MemoryPlan plan_of(const RunConfig& config) {
  return plan_memory(config, ClipModel(config.model, 1));
}

// Adds up the memory of tensors while it lives.
class TensorMemory : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*ptr*/, int64_t size, size_t /*allocated*/, size_t /*reserved*/,
                         c10::Device /*device*/) override {
    now_ += size;
    peak_ = std::max(peak_, now_);
  }
  [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }
  [[nodiscard]] double peak() const { return static_cast<double>(peak_); }

 private:
  int64_t now_ = 0, peak_ = 0;
};

double bytes_of_a_step(const RunConfig& config) {
  set_cpu_threads(1);
  ClipModel model(config.model, 1);
  model->recompute_activations(config.train.recompute_activations);
  model->train();
  const int64_t B = config.data.batch_size, S = config.model.image.image_size;
  const std::vector<int32_t> text(static_cast<size_t>(config.model.text.context_length), 7);
  const TokenBatch tokens = pack_tokens(std::vector(static_cast<size_t>(B), text));
  const torch::Tensor images = torch::zeros({B, 3, S, S}, torch::kUInt8);
  const PairBatch pairs{.images = images, .tokens = tokens};
  const StepOptions options{.micro_batches = config.train.accumulation_steps};
  (void)forward_backward(model, pairs, clip_loss(model),
                         options);  // The gradients are there from now on.
  const auto memory = std::make_shared<TensorMemory>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, memory);
  (void)forward_backward(model, pairs, clip_loss(model), options);
  return memory->peak();
}

void expect_as_planned(const RunConfig& config, double at_most = 1.2) {
  const double found = bytes_of_a_step(config);
  const MemoryPlan plan = plan_of(config);
  EXPECT_GT(plan.activations + plan.loss, 0.98 * found) << memory_plan_line(plan);
  EXPECT_LT(plan.activations + plan.loss, at_most * found) << memory_plan_line(plan);
}

TEST(MemoryPlan, IsWhatAStepTakes) { expect_as_planned(large_run()); }

TEST(MemoryPlan, KnowsPools) {
  RunConfig config = large_run();
  config.model.image.pool = ImagePool::kMean;
  config.model.text.pool = TextPool::kCls;
  expect_as_planned(config);
}

TEST(MemoryPlan, KnowsDropout) {
  RunConfig config = large_run();
  config.model.image.dropout = config.model.text.dropout = 0.1;
  expect_as_planned(config);
  config.model.image.attention_dropout = config.model.text.attention_dropout = 0.1;
  expect_as_planned(config);
}

TEST(MemoryPlan, KnowsTheOtherActivations) {
  for (const Activation activation : {Activation::kQuickGelu, Activation::kGeluTanh}) {
    RunConfig config = large_run();
    config.model.image.activation = config.model.text.activation = activation;
    expect_as_planned(config);
  }
}

TEST(MemoryPlan, KnowsMicroBatches) {
  RunConfig config = large_run();
  config.data.batch_size = 64;
  config.train.accumulation_steps = 2;
  expect_as_planned(config);
}

TEST(MemoryPlan, KnowsRecomputedActivations) {
  RunConfig config = large_run();
  config.train.recompute_activations = true;
  EXPECT_LT(plan_of(config).activations, 0.5 * plan_of(large_run()).activations);
  // The tower that goes back first has given its own away when the other one recomputes.
  expect_as_planned(config, 1.25);
}

TEST(MemoryPlan, CountsWeightsGradientsAndMoments) {
  set_cpu_threads(1);
  const RunConfig config = large_run();
  const ClipModel model(config.model, 1);
  double numbers = 0;
  for (const torch::Tensor& each : model->parameters()) numbers += double(each.numel());
  const MemoryPlan plan = plan_memory(config, model);
  EXPECT_EQ(plan.weights, 4 * numbers);
  EXPECT_EQ(plan.gradients, 4 * numbers);
  EXPECT_EQ(plan.optimizer, 8 * numbers);
  set_cpu_threads(2);
  EXPECT_EQ(plan_memory(config, model).gradients, 3 * plan.gradients);  // Two slices and their sum.
  set_cpu_threads(1);

  RunConfig half = config;
  half.train.precision = Precision::kBf16;
  ClipModel small(config.model, 1);
  set_precision(small, torch::kBFloat16);
  const MemoryPlan less = plan_memory(half, small);
  EXPECT_LT(less.weights, 0.51 * plan.weights);
  EXPECT_EQ(less.optimizer, 12 * numbers);
  EXPECT_EQ(less.activations, 0.5 * plan.activations);
}

TEST(MemoryPlan, AFrozenTowerKeepsNothing) {
  RunConfig config = large_run();
  config.model.image.freeze = true;
  EXPECT_LT(plan_of(config).activations, 0.75 * plan_of(large_run()).activations);
}

}  // namespace
}  // namespace tandem
