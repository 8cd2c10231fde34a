#pragma once

#include <cstdint>

#include "tandem/core/token_batch.h"
#include "tandem/distributed/communicator.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns the texts with `bos_id` in the place of their first token: a decoder's captions begin
/// with a token of their own.
[[nodiscard]] TokenBatch begin_with(const TokenBatch& texts, int64_t bos_id);

/// Returns how many tokens of all ranks' captions are predicted, at least 1. Collective.
[[nodiscard]] int64_t predicted_tokens(const TokenBatch& captions, Communicator& communicator);

/// Returns the captioning_loss of captions, on the host, for image_states [B, N, width]: the sum
/// over all tokens that are predicted.
[[nodiscard]] torch::Tensor caption_loss(ClipModel model, const torch::Tensor& image_states,
                                         const TokenBatch& captions, double label_smoothing);

}  // namespace tandem
