#include "kernels/linear/quantized_linear.h"

#include <algorithm>

#include <torch/utils.h>

#include "kernels/linear/row_quantization.h"
#include "kernels/operators.h"
#include "kernels/parallel.h"

namespace tandem::kernels {
namespace {

constexpr float kLargestWeight = 127.0F;

torch::Tensor pack(const torch::Tensor& weight) {
  static const c10::OperatorHandle op = *find_operator("onednn::qlinear_prepack");
  return call_operator(op, {weight, c10::IValue()}).toTensor();
}

// bytes [M, K] · packed [N, K]ᵀ · scales, fp32 [M, N].
torch::Tensor multiply(const torch::Tensor& bytes, const torch::Tensor& packed,
                       const torch::Tensor& scales, const torch::Tensor& zeros) {
  static const c10::OperatorHandle op = *find_operator("onednn::qlinear_pointwise");
  const c10::List<std::optional<at::Scalar>> none;
  return call_operator(op, {bytes, 1.0, 0, packed, scales, zeros, c10::IValue(), 1.0, 0,
                            torch::kFloat32, std::string("none"), none, std::string()})
      .toTensor();
}

// Whether products of bytes up to `largest` are exact.
bool is_exact_up_to(int64_t largest) {
  const torch::Tensor weight = torch::arange(32 * 64).remainder(255).sub(127).view({32, 64});
  torch::Tensor bytes = torch::arange(5 * 64).remainder(largest + 1).view({5, 64});
  bytes[0].fill_(largest);
  weight[0].fill_(127);
  const torch::Tensor found = multiply(bytes.to(torch::kUInt8), pack(weight.to(torch::kInt8)),
                                       torch::full({32}, 0.5), torch::zeros({32}, torch::kInt8));
  return torch::equal(2 * found, bytes.matmul(weight.t()).to(torch::kFloat32));
}

// The largest byte that x may be rounded to; 0 where there are no such products, or they are wrong.
// They add pairs of neighbours in 16 bits where the CPU, or the form of oneDNN that runs on it, has
// nothing better (VNNI): 7 bits of x then keep them from overflowing.
float find_largest_byte() {
  try {
    if (!find_operator("onednn::qlinear_prepack") || !find_operator("onednn::qlinear_pointwise"))
      return 0.0F;
    for (const int64_t largest : {255, 127})
      if (is_exact_up_to(largest)) return static_cast<float>(largest);
  } catch (const std::exception&) {  // operators that take other arguments
  }
  return 0.0F;
}

float largest_byte() {
  static const float largest = find_largest_byte();
  return largest;
}

// Rows of so many columns that are worth a thread.
int64_t rows_of_a_part(int64_t columns) {
  constexpr int64_t kValues = int64_t{1} << 16;
  return std::max<int64_t>(1, kValues / columns);
}

}  // namespace

std::shared_ptr<const QuantizedLinear> QuantizedLinear::make(const torch::Tensor& weight,
                                                             const torch::Tensor& bias) {
  const torch::NoGradGuard no_grad;
  if (largest_byte() == 0.0F || !weight.is_cpu() || weight.scalar_type() != torch::kFloat32)
    return nullptr;
  const torch::Tensor whole = weight.detach().contiguous();  // [N, K]
  const torch::Tensor scales = whole.abs().amax(1).clamp_min(1e-12).div_(kLargestWeight);
  const torch::Tensor rounded = (whole / scales.unsqueeze(1)).round_();
  const std::shared_ptr<QuantizedLinear> layer(new QuantizedLinear);
  layer->packed_ = pack(rounded.to(torch::kInt8));
  layer->scales_ = scales;
  layer->zeros_ = torch::zeros({whole.size(0)}, torch::kInt8);
  layer->weight_sums_ = rounded.sum(1) * scales;
  layer->bias_ = bias.defined() ? bias.detach().contiguous() : torch::zeros_like(scales);
  return layer;
}

bool QuantizedLinear::takes(const torch::Tensor& x) const { return is_for_cpu_inference(x); }

torch::Tensor QuantizedLinear::operator()(const torch::Tensor& x) const {
  const float largest = largest_byte();
  const int64_t K = x.size(-1), N = scales_.size(0), M = x.numel() / K;
  const torch::Tensor rows = x.contiguous(), bytes = torch::empty({M, K}, torch::kUInt8);
  const torch::Tensor scale = torch::empty({M}), zero = torch::empty({M});
  const float* const values = rows.const_data_ptr<float>();
  const auto part = [&](int64_t first, int64_t last) {
    return QuantizedRows{.bytes = bytes.data_ptr<uint8_t>() + first * K,
                         .scale = scale.data_ptr<float>() + first,
                         .zero = zero.data_ptr<float>() + first,
                         .rows = last - first,
                         .columns = K};
  };
  parallel_parts(M, rows_of_a_part(K), [&](int64_t first, int64_t last) {
    quantize_rows(values + first * K, largest, part(first, last));
  });
  const torch::Tensor y = multiply(bytes, packed_, scales_, zeros_);  // [M, N]
  const OutputTerms terms{.weight_sum = weight_sums_.const_data_ptr<float>(),
                          .bias = bias_.const_data_ptr<float>(),
                          .channels = N};
  float* const out = y.data_ptr<float>();
  parallel_parts(M, rows_of_a_part(N), [&](int64_t first, int64_t last) {
    restore_rows(out + first * N, part(first, last), terms);
  });
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = N;
  return y.view(sizes);
}

}  // namespace tandem::kernels
