#pragma once

#include <cstdint>

#include <torch/types.h>

namespace tandem {

/// How the rows of a [T, D] tensor divide into B sequences. Three forms: all of one length; packed,
/// one after the other without gaps; padded, all of one length with a mask of the real rows.
struct SequenceLayout {
  int64_t count = 0;       ///< B, the number of sequences.
  int64_t max_length = 0;  ///< L, the rows of the longest one.
  torch::Tensor padded_index =
      {};  ///< int64 [T]: the place of row t among the B * L rows of the padded form. Undefined
           ///< when every sequence has L rows: T = B * L.
  torch::Tensor cu_seqlens =
      {};                       ///< int32 [B + 1], boundaries of the sequences; undefined as above.
  torch::Tensor key_mask = {};  ///< bool [B, 1, 1, L]: which rows may be attended to. Undefined
                                ///< when all may.

  /// B sequences of L rows each.
  [[nodiscard]] static SequenceLayout equal(int64_t count, int64_t length);
  /// Sequences with the boundaries `cu_seqlens` (int32 [B + 1]), `total` rows in all; a sequence
  /// may be empty. Made once, used by every block.
  [[nodiscard]] static SequenceLayout packed(const torch::Tensor& cu_seqlens, int64_t max_length,
                                             int64_t total);
  /// B sequences of L rows each; `mask`, bool [B, L], says which rows may be attended to.
  [[nodiscard]] static SequenceLayout padded(const torch::Tensor& mask);

  /// Returns rows [T, D] in the padded form, [B * L, D], with zeros in the gaps.
  [[nodiscard]] torch::Tensor pad(const torch::Tensor& rows) const;
  /// Returns the places of the rows `rows` (int64 [R], undefined for all) in the padded form:
  /// int64 [R], or undefined where that is every row in its order.
  [[nodiscard]] torch::Tensor padded_places(const torch::Tensor& rows) const;
};

/// Returns the rows of x [T, D] that `rows` (int64 [R]) names, [R, D], or x if that is undefined.
[[nodiscard]] torch::Tensor select_rows(const torch::Tensor& x, const torch::Tensor& rows);

}  // namespace tandem
