#pragma once

#include <vector>

#include <torch/types.h>

namespace tandem {

/// The keys and values of B sequences that an attention reads, head by head. In decoding it grows
/// by the new tokens of each step. Not thread-safe.
class KeyValueCache {
 public:
  /// Appends keys and values, [B, heads, L, head_dim] each. `mask`, bool [B, 1, 1, L], says which
  /// of them may be attended to; undefined: all. Throws c10::Error for another B, heads or head_dim
  /// than that of the first call.
  void append(const torch::Tensor& keys, const torch::Tensor& values,
              const torch::Tensor& mask = {});
  /// Makes sequence i what sequence index[i] was (int64 [N]): the beams that a search keeps.
  void select(const torch::Tensor& index);

  [[nodiscard]] bool is_empty() const { return !keys_.defined(); }
  /// The number of places of each sequence, those under the mask included.
  [[nodiscard]] int64_t length() const { return is_empty() ? 0 : keys_.size(2); }
  [[nodiscard]] const torch::Tensor& keys() const { return keys_; }  ///< [B, heads, L, head_dim]
  [[nodiscard]] const torch::Tensor& values() const { return values_; }  ///< Likewise.
  /// bool [B, 1, 1, L], undefined when all places may be attended to.
  [[nodiscard]] const torch::Tensor& mask() const { return mask_; }

 private:
  torch::Tensor keys_;
  torch::Tensor values_;
  torch::Tensor mask_;
};

/// What one block keeps between the steps of decoding.
struct BlockCache {
  KeyValueCache past = {};     ///< Of the tokens so far.
  KeyValueCache context = {};  ///< Of the context; filled by the first step.
};

/// What a transformer keeps between the steps of decoding. Begins empty.
struct DecodingCache {
  std::vector<BlockCache> blocks = {};

  /// KeyValueCache::select for the tokens so far of every block: the beams that a search keeps.
  void select_past(const torch::Tensor& index);
  /// The same for the contexts: those of the sequences that are not finished.
  void select_contexts(const torch::Tensor& index);
  /// The number of tokens so far, that is the position of the next one.
  [[nodiscard]] int64_t length() const { return blocks.empty() ? 0 : blocks.front().past.length(); }
};

}  // namespace tandem
