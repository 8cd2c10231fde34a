#pragma once

#include "loss/logit_matrix.h"
#include "tandem/loss/duplicates.h"

namespace tandem {

/// Returns the matrix of logits of a batch of pairs, after checking shapes: both [N, D]. bf16 stays
/// bf16 where the device multiplies it: its products are exact in fp32.
[[nodiscard]] LogitMatrix pair_logits(const torch::Tensor& image_embeddings,
                                      const torch::Tensor& text_embeddings,
                                      const torch::Tensor& logit_scale);

/// Returns the groups of N pairs where they lie, on the host or a device, the missing ones made up
/// of numbers that all differ; undefined tensors when duplicates are kept, or there is no group to
/// tell them by.
[[nodiscard]] kernels::GroupIds pair_groups(const PairGroups& groups, int64_t count);

/// Sums over each pair's duplicates, itself included: of rows x [N, D], and how many they are.
class DuplicateSums {
 public:
  /// Groups that lie on the host spare a wait for `device`.
  DuplicateSums(const kernels::GroupIds& groups, const torch::Device& device);
  [[nodiscard]] torch::Tensor of(const torch::Tensor& x) const;        // [N, D]
  [[nodiscard]] const torch::Tensor& count() const { return count_; }  // fp32 [N]

 private:
  torch::Tensor image_;  // int64 [N]: dense numbers of the groups
  torch::Tensor text_;
  torch::Tensor both_;
  torch::Tensor count_;
};

}  // namespace tandem
