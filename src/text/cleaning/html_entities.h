#pragma once

#include <string_view>

namespace tandem {

/// HTML 5's named character references, each as `name=hex` or `name=hex+hex`, between white space.
[[nodiscard]] std::string_view html_entities();

}  // namespace tandem
