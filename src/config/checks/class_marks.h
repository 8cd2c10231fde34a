#pragma once

#include <algorithm>
#include <string_view>

namespace tandem::config {

/// What a template has where the class name goes, and the same in words.
inline constexpr std::string_view kClassMarks[] = {"{}", "{c}", "{label}"};
inline constexpr const char* kClassMarksInWords = "{}, {c} or {label}";

[[nodiscard]] inline bool has_class_mark(std::string_view text) {
  return std::ranges::any_of(kClassMarks,
                             [&](auto mark) { return text.find(mark) != std::string_view::npos; });
}

}  // namespace tandem::config
