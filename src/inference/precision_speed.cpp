#include "tandem/inference/precision_speed.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/device.h"
#include "tandem/nn/linear.h"

namespace tandem {
namespace {

constexpr int64_t kRows = 256, kWidth = 768;  // Of five images in ViT-B/32.
constexpr int kRounds = 6;

// A layer of a block, as a pipeline of that precision has it; nothing where it cannot.
Linear layer_in(const std::string& precision) {
  Linear layer(kWidth, kWidth);
  init_parameters(*layer, 0.0, make_generator(torch::kCPU, 1));
  if (precision == "int8") return layer->quantize() ? layer : Linear(nullptr);
  layer->to(parse_precision(precision));
  pack_linears(*layer);
  return layer;
}

double seconds_of(Linear& layer, const torch::Tensor& x) {
  const auto begin = std::chrono::steady_clock::now();
  (void)layer(x);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double measure(const std::string& precision) {
  const c10::InferenceMode inference;
  Linear plain = layer_in("fp32"), other = layer_in(precision);
  if (other.is_empty()) return 0.0;
  const torch::Tensor x = torch::randn({kRows, kWidth}, make_generator(torch::kCPU, 2));
  const torch::Tensor input = precision == "int8" ? x : x.to(parse_precision(precision));
  double plain_seconds = std::numeric_limits<double>::infinity(), seconds = plain_seconds;
  for (int round = 0; round < kRounds; ++round) {  // In turn: the machine may be busy.
    plain_seconds = std::min(plain_seconds, seconds_of(plain, x));
    seconds = std::min(seconds, seconds_of(other, input));
  }
  return plain_seconds / seconds;
}

}  // namespace

double speed_beside_fp32(const std::string& precision) {
  if (precision == "int8") {
    static const double speed = measure(precision);
    return speed;
  }
  if (parse_precision(precision) == torch::kFloat32) return 1.0;
  static const double speed = measure(precision);
  return speed;
}

}  // namespace tandem
