#pragma once

#include <cstdint>
#include <span>

namespace tandem {

/// Code points whose CharFlags differ between the installed utf8proc and the reference.
struct FlagDifference {
  char32_t first = 0;
  char32_t last = 0;
  uint16_t set = 0;
  uint16_t cleared = 0;
};

/// Returns all of them. Measured over every code point by `scripts/make_golden_tokens.py unicode`.
[[nodiscard]] std::span<const FlagDifference> flag_differences();

/// Whether the character passes through the reference's normal forms as it is, mostly because its
/// tables are too old to know it.
[[nodiscard]] bool stands_still(char32_t c) noexcept;

/// Returns a character that joins grapheme clusters in every version as the reference lets `c`: `c`
/// itself where versions agree.
[[nodiscard]] char32_t known_in_clusters(char32_t c) noexcept;

/// Returns the lower case of a character as the reference has it (İ, which becomes two, aside).
[[nodiscard]] char32_t lower_case_of(char32_t c) noexcept;

}  // namespace tandem
