#include "tandem/loss/hard_negatives.h"

#include <torch/utils.h>

#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr double kLeastWeight = 1e-4;

// One column of each row of weights [B, B] where `excluded` [B, B] is false; -1 without any.
std::vector<int64_t> draw_columns(const torch::Tensor& logits, const torch::Tensor& excluded,
                                  uint64_t seed) {
  const torch::Tensor weights =
      (logits.softmax(1) + kLeastWeight).masked_fill(excluded, 0.0).contiguous();  // [B, B]
  const int64_t B = weights.size(0);
  const double* const data = weights.const_data_ptr<double>();
  std::vector<int64_t> drawn(static_cast<size_t>(B), -1);
  for (int64_t i = 0; i < B; ++i) {
    double sum = 0;
    for (int64_t j = 0; j < B; ++j) sum += data[i * B + j];
    double rest = Random(mix_seed({seed, static_cast<uint64_t>(i)})).uniform() * sum;
    for (int64_t j = 0; j < B; ++j) {
      const double weight = data[i * B + j];
      if (weight <= 0) continue;
      drawn[static_cast<size_t>(i)] = j;  // The last one if rounding leaves a rest.
      if (rest < weight) break;
      rest -= weight;
    }
  }
  return drawn;
}

}  // namespace

HardNegatives draw_hard_negatives(const torch::Tensor& logits, const torch::Tensor& same,
                                  uint64_t seed) {
  TORCH_CHECK(
      logits.dim() == 2 && logits.size(0) == logits.size(1) && same.sizes() == logits.sizes(),
      "expected logits and same of shape [B, B], got ", logits.sizes(), " and ", same.sizes());
  const torch::NoGradGuard no_gradient;
  const torch::Tensor on_host = logits.to(torch::kCPU, torch::kFloat64);  // [B, B]
  const torch::Tensor excluded =
      same.to(torch::kCPU).logical_or(torch::eye(logits.size(0), torch::kBool));
  return {.images = draw_columns(on_host.t(), excluded.t(), mix_seed({seed, 0})),
          .texts = draw_columns(on_host, excluded, mix_seed({seed, 1}))};
}

}  // namespace tandem
