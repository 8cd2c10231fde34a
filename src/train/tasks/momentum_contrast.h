#pragma once

#include <cstdint>
#include <optional>

#include "tandem/config/run_config.h"
#include "tandem/model/clip_model.h"
#include "tandem/train/task.h"
#include "train/tasks/feature_queue.h"

namespace tandem {

/// Returns bool [B, K]: which of K pairs share an image or a text with each of B. Groups are on the
/// host.
[[nodiscard]] torch::Tensor share_content(const PairFeatures& pairs, const PairFeatures& others);

/// The contrastive loss of a BLIP task with what it remembers: a momentum twin of the towers, and a
/// queue of the twin's features. Without a twin the queue holds the model's own.
class MomentumContrast {
 public:
  /// The twin begins with the model's weights.
  MomentumContrast(const BlipOptions& options, ClipModel model);

  /// Returns the loss of a batch's embeddings. The batch is taken into the queue by update().
  [[nodiscard]] torch::Tensor loss(ClipModel model, const ClipEmbeddings& embeddings,
                                   const Batch& batch);
  /// Follows an update of the model's weights.
  void update(ClipModel model);
  [[nodiscard]] TensorMap state() const;

 private:
  [[nodiscard]] double soft_share() const;

  BlipOptions options_;
  ClipModel twin_{nullptr};
  std::optional<FeatureQueue> queue_;
  PairFeatures pending_ = {};  // Of the batch whose update is to come.
  torch::Tensor updates_;      // int64 scalar
};

}  // namespace tandem
