#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/data/source.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// The usable samples among those asked for, n of them in order, with their images' embeddings.
struct EmbeddedSamples {
  torch::Tensor image_embeddings;                  ///< [n, embed_dim], fp32 on the CPU.
  std::vector<int64_t> indices;                    ///< n: their numbers in the source.
  std::vector<std::string> keys;                   ///< n
  std::vector<std::vector<std::string>> captions;  ///< n
  std::vector<int64_t> labels;                     ///< n: class index, -1 without a class.
  std::vector<Error> errors;                       ///< Why the others are invalid, in order.
};

/// Returns up to `max_samples` sample numbers of `source`, ascending: all of them, or a random
/// choice that follows from `seed`. Throws kUsage for max_samples below 1.
[[nodiscard]] std::vector<int64_t> choose_samples(const Source& source, int64_t max_samples,
                                                  uint64_t seed);

/// Reads samples `indices` by several threads and embeds their images batch by batch; only a few
/// decoded images are held at a time. `seed` goes to Source::sample. Throws kUsage for no index.
[[nodiscard]] EmbeddedSamples embed_samples(const Pipeline& pipeline, const Source& source,
                                            const std::vector<int64_t>& indices, uint64_t seed);

}  // namespace tandem
