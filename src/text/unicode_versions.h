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

/// Whether the reference's tables for normal forms are too old to know the character: it passes
/// through them as it is.
[[nodiscard]] bool stands_still(char32_t c) noexcept;

/// Whether the character joins a grapheme cluster, and is younger than Unicode 15. Only those of
/// three bytes are listed: no longer cluster has a rule.
[[nodiscard]] bool is_young_extender(char32_t c) noexcept;

/// Returns the lower case of a character as the reference has it (İ, which becomes two, aside).
[[nodiscard]] char32_t lower_case_of(char32_t c) noexcept;

}  // namespace tandem
