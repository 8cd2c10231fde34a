#include "train/step/step_slices.h"

#include <algorithm>

#include <torch/utils.h>

namespace tandem {
namespace {

constexpr int64_t kSmallestSlice = 16;                 // Pairs.
constexpr size_t kLargestGradients = size_t{1} << 28;  // Bytes, of all slices together.

bool draws_numbers(const ModelOptions& options) {
  const auto drops = [](const auto& tower) {
    return tower.dropout > 0.0 || tower.attention_dropout > 0.0;
  };
  return drops(options.text) || drops(options.image) || drops(options.decoder);
}

}  // namespace

int64_t step_slices(const ClipModel& model, int64_t pairs) {
  const ModelOptions& options = model->options();
  if (!model->logit_scale().is_cpu() || model->recomputes_activations() || draws_numbers(options) ||
      options.text.pool == TextPool::kMeanAll)
    return 1;
  size_t bytes = 0;
  for (const torch::Tensor& each : model->parameters()) bytes += each.nbytes();
  const auto fits = [&](int64_t slices) {
    return slices * kSmallestSlice <= pairs &&
           bytes * static_cast<size_t>(slices) <= kLargestGradients;
  };
  const int64_t threads = torch::get_num_threads();
  // With two for each thread the processors' load is even, also beside other processes.
  if (threads > 1 && fits(2 * threads)) return 2 * threads;
  const int64_t slices = std::min(threads, pairs / kSmallestSlice);
  return slices > 1 && fits(slices) ? slices : 1;
}

}  // namespace tandem
