#pragma once

#include <cstdint>

#include "tandem/config/run_config.h"
#include "tandem/core/token_batch.h"
#include "tandem/data/loader.h"
#include "tandem/distributed/communicator.h"
#include "tandem/model/clip_model.h"

namespace tandem {

/// The texts of a batch as a decoder learns them, on the host.
struct Captions {
  TokenBatch tokens = {};
  /// bool [B]: which captions are predicted in parallel, from the image alone: the decoder reads
  /// the first token in the place of every other one. Undefined: none. Tschannen et al., "CapPa",
  /// arXiv:2306.07915; all tokens that are read being equal, a causal mask hides nothing but their
  /// number.
  torch::Tensor parallel = {};

  [[nodiscard]] int64_t size() const { return tokens.size(); }
  [[nodiscard]] Captions slice(int64_t first, int64_t last) const {
    return {tokens.slice(first, last),
            parallel.defined() ? parallel.slice(0, first, last) : torch::Tensor()};
  }
};

/// Returns the texts of a batch as captions that begin with the decoder's bos_id, in the place of
/// their first token. Which are predicted in parallel, loss.parallel_captions of them, follows from
/// `seed` and the samples' indices, whatever the other samples are.
[[nodiscard]] Captions make_captions(const Batch& batch, const RunConfig& config, uint64_t seed);

/// Returns how many tokens of all ranks' captions are predicted, at least 1. Collective.
[[nodiscard]] int64_t predicted_tokens(const Captions& captions, Communicator& communicator);

/// Returns the captioning_loss of captions for image_states [B, N, width]: the sum over all tokens
/// that are predicted.
[[nodiscard]] torch::Tensor caption_loss(ClipModel model, const torch::Tensor& image_states,
                                         const Captions& captions, double label_smoothing);

}  // namespace tandem
