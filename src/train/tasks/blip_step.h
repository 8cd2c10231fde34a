#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tandem/config/run_config.h"
#include "tandem/data/loader.h"
#include "tandem/loss/hard_negatives.h"
#include "tandem/model/clip_model.h"
#include "train/step/part_gradients.h"

namespace tandem {

/// What a step of task.kind blip is computed from. All of it outlives the step.
struct BlipStepInputs {
  ClipModel model;
  const Batch& batch;
  const RunConfig& config;
  uint64_t seed = 0;  ///< Of dropout masks and negatives.
};

/// One forward and backward pass of BLIP's losses over a batch that is embedded in parts: slices of
/// the batch side by side on the CPU, or micro-batches one after the other. The towers run once for
/// each image and text (micro-batches: twice, since their activations are not kept). Matching and
/// captioning begin at the states of all images as leaves, so that every part may look at the
/// negative images of another. Call embed, then match_and_caption, then backward.
class BlipStep {
 public:
  explicit BlipStep(const BlipStepInputs& inputs);

  /// Returns the embeddings of the batch as leaves, for the contrastive loss.
  [[nodiscard]] ClipEmbeddings embed();

  /// The means over the pairs and over the predicted tokens of the batch, detached.
  struct Losses {
    torch::Tensor matching, captioning;
  };
  /// Draws the negatives of the matching loss and adds to the gradients of what both losses see of
  /// the model: the text tower, the matching head and the decoder.
  [[nodiscard]] Losses match_and_caption(const ClipEmbeddings& leaves);

  /// Takes the gradients of `leaves`, and those of the images' states, back through the towers.
  void backward(const ClipEmbeddings& leaves);

 private:
  struct Part {
    int64_t first = 0;  ///< Samples [first, last) of the batch.
    int64_t last = 0;
    torch::Tensor states = {};  ///< [n, N, width]
    ClipEmbeddings embeddings = {};
  };
  struct Together;
  struct Share;

  void embed_part(size_t i, bool with_graph);
  void seed_dropout(uint64_t stream, size_t part);
  [[nodiscard]] HardNegatives draw_negatives(const ClipEmbeddings& leaves) const;
  [[nodiscard]] torch::Tensor matching_loss(const Together& all, const Part& part,
                                            const torch::Tensor& states) const;
  [[nodiscard]] Share differentiate(const Together& all, const Part& part) const;
  [[nodiscard]] OutputGradients gradients_of(const Part& part, const ClipEmbeddings& leaves) const;

  BlipStepInputs inputs_;
  bool keeps_graphs_;
  bool side_by_side_ = false;
  std::vector<Part> parts_;
  torch::Tensor state_gradients_;  // [B, N, width]; undefined where nothing hangs on them.
};

}  // namespace tandem
