#pragma once

#include "tandem/model/clip_model.h"

namespace tandem {

/// Return what the model's encode_images and encode_texts return, for inference: on the CPU the
/// batch is cut into one slice per thread, and each slice runs through the tower on a thread of its
/// own. No thread then waits for another within an operator. Embeddings differ from those of the
/// whole batch by rounding only. The model must be in evaluation mode; no graph is made.
[[nodiscard]] torch::Tensor encode_images_in_slices(ClipModel model, const torch::Tensor& images);
[[nodiscard]] torch::Tensor encode_texts_in_slices(ClipModel model, const TokenBatch& tokens);

}  // namespace tandem
