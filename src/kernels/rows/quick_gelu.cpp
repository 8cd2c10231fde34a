#include "kernels/rows/quick_gelu.h"

#include <cmath>

#include "kernels/parallel.h"
#include "kernels/vectorised.h"

namespace tandem::kernels {
namespace {

constexpr int64_t kPart = int64_t{1} << 16;

TANDEM_VECTORISED
void quick_gelu(float* values, int64_t count) {
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) {
    const float x = values[i];
    const float e = exp_of_negative(-1.702F * std::abs(x));  // No overflow on either side.
    values[i] = x * (x < 0.0F ? e : 1.0F) / (1.0F + e);
  }
}

}  // namespace

void quick_gelu_in_place(const torch::Tensor& x) {
  float* const values = x.data_ptr<float>();
  parallel_parts(x.numel(), kPart,
                 [&](int64_t first, int64_t last) { quick_gelu(values + first, last - first); });
}

}  // namespace tandem::kernels
