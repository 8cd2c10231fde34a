#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tandem/model/clip_model.h"

namespace tandem {

/// Largest difference of each output, relative to the largest reference value.
using VerifiedOutputs = std::map<std::string, double>;

/// Runs the input of a reference file through `model` and compares. The file is a safetensors file
/// with `in.pixels` [B, 3, S, S] (floating point, normalised, or uint8), `in.ids` [T] and
/// `in.cu_seqlens` [B + 1], and any of `out.image_features`, `out.text_features`,
/// `out.image_embeddings`, `out.text_embeddings`, `out.logits_per_image`, `out.decoder_logits`
/// [T, vocab_size] and `out.match_logits` [B, 2]. Throws kMissingInput,
/// and kData when there is nothing in it to compare.
[[nodiscard]] VerifiedOutputs verify_model(ClipModel model, const std::filesystem::path& reference);

}  // namespace tandem
