#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tandem {

/// Whether the whole text is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

enum class LineEnds { kEscape, kKeep };

/// Returns `text` as it may be shown on a terminal or written to a log: control characters, marks
/// that change the direction of what follows, and bytes that are not UTF-8 become `\n`, `\r`,
/// `\xNN` (one byte) or `\u{NNNN}` (one character). Tabs stay, and line ends with kKeep. For names
/// and captions from data: a terminal obeys the control characters that it receives.
[[nodiscard]] std::string printable(std::string_view text, LineEnds line_ends = LineEnds::kEscape);

/// Returns `bytes` as valid UTF-8 from which they can be restored: each byte that is not part of a
/// UTF-8 character becomes `\xNN`, and each backslash `\\`. In Python,
/// `text.encode().decode("unicode_escape").encode("latin-1")` gives the bytes back.
[[nodiscard]] std::string escape_bytes(std::string_view bytes);

/// Returns `text`, or its beginning and end with the number of bytes left out between them when it
/// is longer than `most` bytes: `[0,0,0,… (1998 bytes) …,0,0]`. Characters stay whole. For values
/// from files in messages; Error shortens its parts by itself.
[[nodiscard]] std::string shortened(std::string_view text, size_t most = 200);

/// Returns the number of insertions, deletions, replacements and swaps of neighbouring bytes that
/// turn `a` into `b` (Damerau–Levenshtein, each place edited once).
[[nodiscard]] size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tandem
