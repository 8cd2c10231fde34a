#include "io/files/utf8.h"

namespace tandem {

std::string in_quotes(std::string_view text) {
  constexpr size_t kLongest = 80;
  std::string shown = "\"";
  while (!text.empty() && shown.size() < kLongest) {
    const Utf8Step step = read_utf8(text);
    const bool control =
        step.code_point < 0x20 || (step.code_point >= 0x7F && step.code_point < 0xA0);
    if (step.valid && !control) {
      shown += text.substr(0, step.bytes);
    } else {
      shown += '?';
    }
    text.remove_prefix(step.bytes);
  }
  return shown + (text.empty() ? "\"" : "…\"");
}

}  // namespace tandem
