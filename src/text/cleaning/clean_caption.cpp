#include "io/files/utf8.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr char32_t kByteOrderMark = 0xFEFF;

/// Unicode's property White_Space.
bool is_space(char32_t c) noexcept {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_control(char32_t c) noexcept { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

}  // namespace

std::string clean_caption(std::string_view text, size_t max_bytes) {
  std::string clean;
  bool space_due = false;
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    std::string_view piece = text.substr(0, step.bytes);
    text.remove_prefix(step.bytes);
    if (step.valid && is_space(step.code_point)) {
      space_due = !clean.empty();
      continue;
    }
    if (!step.valid || step.code_point == 0) {
      piece = kReplacement;
    } else if (is_control(step.code_point) || step.code_point == kByteOrderMark) {
      continue;
    }
    if (clean.size() + piece.size() + (space_due ? 1 : 0) > max_bytes) break;
    if (space_due) clean += ' ';
    space_due = false;
    clean += piece;
  }
  return clean;
}

}  // namespace tandem
