#include "tandem/nn/sequence_layout.h"

namespace tandem {

SequenceLayout SequenceLayout::equal(int64_t count, int64_t length) {
  return {.count = count, .max_length = length, .padded_index = {}, .key_mask = {}};
}

SequenceLayout SequenceLayout::packed(const torch::Tensor& cu_seqlens, int64_t max_length,
                                      int64_t total) {
  const int64_t count = cu_seqlens.size(0) - 1;
  if (total == count * max_length) return equal(count, max_length);
  const torch::Tensor bounds = cu_seqlens.to(torch::kInt64);
  const torch::Tensor lengths = bounds.diff();  // [B]
  const auto integers = bounds.options();
  // Row t of sequence b moves from bounds[b] + i to b * L + i.
  const torch::Tensor shift =
      torch::arange(count, integers) * max_length - bounds.slice(0, 0, count);
  const torch::Tensor index =
      torch::arange(total, integers) + torch::repeat_interleave(shift, lengths, 0, total);
  const torch::Tensor mask = torch::arange(max_length, integers) < lengths.unsqueeze(1);  // [B, L]
  return {.count = count,
          .max_length = max_length,
          .padded_index = index,
          .cu_seqlens = cu_seqlens,
          .key_mask = mask.view({count, 1, 1, max_length})};
}

SequenceLayout SequenceLayout::padded(const torch::Tensor& mask) {
  SequenceLayout layout = equal(mask.size(0), mask.size(1));
  layout.key_mask = mask.view({layout.count, 1, 1, layout.max_length});
  return layout;
}

torch::Tensor SequenceLayout::pad(const torch::Tensor& rows) const {
  if (!padded_index.defined()) return rows;
  torch::Tensor padded = torch::zeros({count * max_length, rows.size(1)}, rows.options());
  return padded.index_copy(0, padded_index, rows);  // [B * L, D]
}

torch::Tensor SequenceLayout::padded_places(const torch::Tensor& rows) const {
  return padded_index.defined() ? select_rows(padded_index, rows) : rows;
}

torch::Tensor select_rows(const torch::Tensor& x, const torch::Tensor& rows) {
  return rows.defined() ? x.index_select(0, rows) : x;
}

}  // namespace tandem
