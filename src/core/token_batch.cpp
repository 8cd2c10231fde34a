#include "tandem/core/token_batch.h"

#include <algorithm>
#include <limits>

namespace tandem {

TokenBatch TokenBatch::to(const torch::Device& device) const {
  return {.ids = ids.to(device, /*non_blocking=*/true),
          .cu_seqlens = cu_seqlens.to(device, /*non_blocking=*/true),
          .max_length = max_length};
}

TokenBatch TokenBatch::slice(int64_t first, int64_t last) const {
  TORCH_CHECK(0 <= first && first <= last && last <= size(), "texts [", first, ", ", last,
              ") of a batch of ", size());
  const torch::Tensor bounds = cu_seqlens.slice(0, first, last + 1).cpu();
  const auto* begin = bounds.const_data_ptr<int32_t>();
  int64_t longest = 0;
  for (int64_t text = 0; text < last - first; ++text)
    longest = std::max<int64_t>(longest, begin[text + 1] - begin[text]);
  return {.ids = ids.slice(0, begin[0], begin[last - first]),
          .cu_seqlens = cu_seqlens.slice(0, first, last + 1) - begin[0],
          .max_length = longest};
}

TokenBatch pack_tokens(const std::vector<std::vector<int32_t>>& texts, bool pin_memory) {
  int64_t total = 0;
  int64_t longest = 0;
  for (const auto& text : texts) {
    TORCH_CHECK(!text.empty(), "a text without tokens cannot be packed");
    total += static_cast<int64_t>(text.size());
    longest = std::max(longest, static_cast<int64_t>(text.size()));
  }
  TORCH_CHECK(total <= std::numeric_limits<int32_t>::max(), "a batch of ", total,
              " tokens is too large to pack");
  const auto count = static_cast<int64_t>(texts.size());
  const auto options = torch::TensorOptions().pinned_memory(pin_memory);
  TokenBatch batch{.ids = torch::empty({total}, options.dtype(torch::kInt64)),
                   .cu_seqlens = torch::empty({count + 1}, options.dtype(torch::kInt32)),
                   .max_length = longest};
  auto* id = batch.ids.data_ptr<int64_t>();
  auto* bound = batch.cu_seqlens.data_ptr<int32_t>();
  *bound = 0;
  for (const auto& text : texts) {
    id = std::copy(text.begin(), text.end(), id);
    bound[1] = bound[0] + static_cast<int32_t>(text.size());
    ++bound;
  }
  return batch;
}

}  // namespace tandem
