#include "model/token_tables.h"

#include <torch/utils.h>

namespace tandem {

int64_t first_position(PositionStyle style, int64_t pad_id) {
  return style == PositionStyle::kRoberta ? pad_id + 1 : 0;
}

torch::Tensor text_of_row(const TokenBatch& tokens) {
  const torch::Tensor lengths = tokens.cu_seqlens.to(torch::kInt64).diff();
  return torch::repeat_interleave(torch::arange(tokens.size(), lengths.options()), lengths, 0,
                                  tokens.ids.size(0));  // [T]
}

torch::Tensor position_ids(const TokenBatch& tokens, int64_t first) {
  const torch::Tensor starts = tokens.cu_seqlens.slice(0, 0, -1).to(torch::kInt64);
  const torch::Tensor rows = torch::arange(tokens.ids.size(0), tokens.ids.options());
  return rows - starts.index_select(0, text_of_row(tokens)) + first;  // [T]
}

torch::Tensor embed_tokens(const TokenTables& tables, const torch::Tensor& ids,
                           const torch::Tensor& positions, const PaddingIds& padding) {
  torch::Tensor x = at::embedding(tables.token, ids, padding.token) +
                    at::embedding(tables.position, positions, padding.position);  // [T, D]
  if (tables.type.defined()) x = x + tables.type[0];
  return tables.norm ? tables.norm->forward(x) : x;
}

}  // namespace tandem
