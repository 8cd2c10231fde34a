#pragma once

#include <string>
#include <vector>

namespace tandem::config {

[[nodiscard]] std::vector<std::string> text_preset_names();
[[nodiscard]] std::vector<std::string> image_preset_names();
[[nodiscard]] std::vector<std::string> transform_preset_names();

}  // namespace tandem::config
