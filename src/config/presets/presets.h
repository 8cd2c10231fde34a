#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tandem/config/model_options.h"

namespace tandem::config {

[[nodiscard]] std::vector<std::string> text_preset_names();
[[nodiscard]] std::vector<std::string> image_preset_names();
[[nodiscard]] std::vector<std::string> decoder_preset_names();
[[nodiscard]] std::vector<std::string> transform_preset_names();

/// Returns the decoder of the shape of a text tower, which shares nothing with it; bos_id is the
/// tokenizer's.
[[nodiscard]] TextDecoderOptions decoder_beside(const TextEncoderOptions& text);

/// The names that a background may have, beside #rrggbb.
[[nodiscard]] std::vector<std::string> background_names();
/// Whether `text` is a colour #rrggbb.
[[nodiscard]] bool is_hex_color(std::string_view text);

}  // namespace tandem::config
