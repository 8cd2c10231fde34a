#pragma once

#include <bit>
#include <cstdint>

/// TANDEM_VECTORISED in front of a function compiles it once per instruction set; the best one that
/// the processor has is chosen when the program is loaded. Sanitizers start too late for that
/// choice, and Clang has no such names for it.
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define TANDEM_VECTORISED \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TANDEM_VECTORISED
#endif

/// For what such a function calls in its inner loops, which must be compiled with it.
#define TANDEM_INNER inline __attribute__((always_inline))

namespace tandem::kernels {

/// exp(x) for x <= 0 to two units in the last place; below -87, where fp32 leaves its normal range,
/// it is 0. A branchless polynomial (Cephes' expf), so that loops over it become vector code.
TANDEM_INNER float exp_of_negative(float x) {
  constexpr float kLog2E = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F;
  constexpr float kLowest = -87.0F;
  constexpr float kRound = 12582912.0F;             // 1.5 · 2^23: adding it rounds to an integer.
  const float clamped = x < kLowest ? kLowest : x;  // A NaN stays one.
  const float shifted = clamped * kLog2E + kRound;
  const float n = shifted - kRound;
  const float r = (clamped - n * kLn2High) - n * kLn2Low;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = (p * r) * r + r + 1.0F;
  const int32_t exponent = (std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kRound)) << 23;
  const float power = std::bit_cast<float>(exponent + std::bit_cast<int32_t>(1.0F));
  return x < kLowest ? 0.0F : p * power;
}

/// ln(1 + u) for u in [0, 1], to two units in the last place: 2 · artanh(u / (2 + u)).
TANDEM_INNER float log_of_one_plus(float u) {
  const float w = u / (2.0F + u), square = w * w;
  float p = 1.0F / 13.0F;
  p = p * square + 1.0F / 11.0F;
  p = p * square + 1.0F / 9.0F;
  p = p * square + 1.0F / 7.0F;
  p = p * square + 1.0F / 5.0F;
  p = p * square + 1.0F / 3.0F;
  p = p * square + 1.0F;
  return 2.0F * w * p;
}

}  // namespace tandem::kernels
