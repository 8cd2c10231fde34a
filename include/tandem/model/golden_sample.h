#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tandem/model/clip_model.h"

namespace tandem {

/// A text of a golden sample. Without ids, some are drawn from the vocabulary.
struct GoldenText {
  std::string text = {};          ///< What the tokenizer was given; empty when there was none.
  std::vector<int32_t> ids = {};  ///< What it made of it, special tokens included.
};

/// An image, a text, and what a model makes of them. It travels in the model's directory, as
/// `golden.safetensors`, and tells later whether this machine still gives the same numbers.
struct GoldenSample {
  GoldenText text = {};
  torch::Tensor pixels = {};           ///< uint8 [1, 3, S, S]; undefined without an image tower.
  torch::Tensor image_embedding = {};  ///< fp32 [1, embed_dim]; likewise.
  torch::Tensor text_embedding = {};   ///< fp32 [1, embed_dim]; undefined without a text tower.
};

/// Differences relative to the largest reference value; 0 for a tower that is not there.
struct GoldenDifference {
  double image = 0.0;
  double text = 0.0;
};

/// Returns the sample of `model`, which must be in evaluation mode. The image is always the same
/// one at the model's size.
[[nodiscard]] GoldenSample make_golden_sample(ClipModel model, GoldenText text = {});

/// Write and read `directory`/golden.safetensors. Reading gives nothing when the file is not there;
/// throws kCheckpoint when it is damaged or not such a sample.
void save_golden_sample(const std::filesystem::path& directory, const GoldenSample& sample);
[[nodiscard]] std::optional<GoldenSample> load_golden_sample(
    const std::filesystem::path& directory);

/// Returns how far `model`, on its device and in its precision, is from the sample. Throws
/// kCheckpoint when the sample is of another model's size.
[[nodiscard]] GoldenDifference golden_difference(ClipModel model, const GoldenSample& sample);

/// Returns the largest difference that rounding explains: 1e-4 for fp32 (another processor sums in
/// another order), 5e-2 for bf16 (8 bits of mantissa through a dozen layers).
[[nodiscard]] double golden_tolerance(torch::ScalarType dtype);

}  // namespace tandem
