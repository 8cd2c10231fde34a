#include "tandem/core/json_depth.h"

namespace tandem {

bool is_too_deep_json(std::string_view text) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

void check_json_depth(std::string_view text, const std::string& where, ErrorKind kind) {
  if (!is_too_deep_json(text)) return;
  throw Error(kind, {.what = "the JSON is nested too deeply",
                     .where = where,
                     .expected = "at most " + std::to_string(kMaxJsonDepth) + " levels"});
}

}  // namespace tandem
