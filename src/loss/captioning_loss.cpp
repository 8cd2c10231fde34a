#include "tandem/loss/captioning_loss.h"

#include <algorithm>
#include <vector>

#include <torch/utils.h>

namespace tandem {

NextTokens next_tokens(const TokenBatch& texts, int64_t prompt_length) {
  TORCH_CHECK(prompt_length >= 1, "a prompt holds the first token, got length ", prompt_length);
  TORCH_CHECK(texts.ids.device().is_cpu(), "expected texts on the CPU");
  const int64_t* const ids = texts.ids.const_data_ptr<int64_t>();
  const int32_t* const begins = texts.cu_seqlens.const_data_ptr<int32_t>();
  std::vector<int64_t> inputs, rows, targets;
  std::vector<int32_t> boundaries = {0};
  int64_t longest = 0;
  for (int64_t b = 0; b < texts.size(); ++b) {
    const int64_t length = begins[b + 1] - begins[b];
    const int64_t kept = std::max<int64_t>(length - 1, 1);
    for (int64_t i = 0; i < kept; ++i) {
      const int64_t place = begins[b] + i;
      if (i + 1 >= prompt_length && i + 1 < length) {
        rows.push_back(static_cast<int64_t>(inputs.size()));
        targets.push_back(ids[place + 1]);
      }
      inputs.push_back(ids[place]);
    }
    boundaries.push_back(static_cast<int32_t>(inputs.size()));
    longest = std::max(longest, kept);
  }
  return {.inputs = {.ids = torch::tensor(inputs, torch::kInt64),
                     .cu_seqlens = torch::tensor(boundaries, torch::kInt32),
                     .max_length = longest},
          .rows = torch::tensor(rows, torch::kInt64),
          .targets = torch::tensor(targets, torch::kInt64)};
}

torch::Tensor captioning_loss(const torch::Tensor& logits, const torch::Tensor& targets,
                              double label_smoothing) {
  return at::cross_entropy_loss(logits.to(torch::kFloat32), targets, {}, at::Reduction::Sum,
                                /*ignore_index=*/-100, label_smoothing);
}

}  // namespace tandem
