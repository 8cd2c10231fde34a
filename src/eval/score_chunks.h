#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

#include <torch/types.h>

namespace tandem {

/// Calls use(first, scores) with the scores [n, K] of queries [Q, D], a few at a time from number
/// `first` on, with all keys [K, D]: no Q × K matrix is kept.
inline void for_each_scores(const torch::Tensor& queries, const torch::Tensor& keys,
                            const std::function<void(int64_t first, torch::Tensor scores)>& use) {
  constexpr int64_t kScoresAtOnce = 4'000'000;
  const int64_t step = std::max<int64_t>(1, kScoresAtOnce / std::max<int64_t>(keys.size(0), 1));
  for (int64_t first = 0; first < queries.size(0); first += step) {
    const int64_t last = std::min(first + step, queries.size(0));
    use(first, queries.slice(0, first, last).matmul(keys.t()));  // [n, K]
  }
}

}  // namespace tandem
