#pragma once

#include <cstdint>

#include <torch/types.h>

#include "tandem/io/safetensors.h"

namespace tandem {

/// Embeddings of a batch's pairs, and which of them are the same (the groups of a Batch).
struct PairFeatures {
  torch::Tensor image_embeddings = {};  ///< fp32 [B, D]
  torch::Tensor text_embeddings = {};   ///< fp32 [B, D]
  torch::Tensor image_groups = {};      ///< int64 [B], on the host.
  torch::Tensor text_groups = {};       ///< int64 [B], on the host.
};

/// The features of the latest batches, the oldest ones overwritten first. Begins empty.
class FeatureQueue {
 public:
  /// For `capacity` pairs at most, embeddings on `device`.
  FeatureQueue(int64_t capacity, int64_t embed_dim, const torch::Device& device);

  /// Takes the pairs of a batch; of one that is larger than the queue, the last ones stay.
  void push(const PairFeatures& pairs);
  /// Returns the pairs that it holds, in no particular order: views.
  [[nodiscard]] PairFeatures pairs() const;
  /// Returns all that it consists of, by name: the same tensors in every step.
  [[nodiscard]] TensorMap state() const;

 private:
  int64_t capacity_;
  PairFeatures held_;     // [capacity, …]
  torch::Tensor pushed_;  // int64 scalar: pairs so far.
};

}  // namespace tandem
