#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

[[nodiscard]] std::vector<std::string> text_preset_names();
[[nodiscard]] std::vector<std::string> image_preset_names();
[[nodiscard]] std::vector<std::string> decoder_preset_names();
[[nodiscard]] std::vector<std::string> transform_preset_names();

/// The names that a background may have, beside #rrggbb.
[[nodiscard]] std::vector<std::string> background_names();
/// Whether `text` is a colour #rrggbb.
[[nodiscard]] bool is_hex_color(std::string_view text);

}  // namespace tandem::config
