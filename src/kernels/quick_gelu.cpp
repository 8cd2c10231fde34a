#include "kernels/quick_gelu.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/vectorised.h"

namespace tandem::kernels {
namespace {

constexpr int64_t kChunk = int64_t{1} << 16;

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
  const int64_t total = x.numel(), chunks = (total + kChunk - 1) / kChunk;
  parallel_for(chunks, chunks > 1, [&](int64_t chunk) {
    const int64_t first = chunk * kChunk;
    quick_gelu(values + first, std::min(kChunk, total - first));
  });
}

}  // namespace tandem::kernels
