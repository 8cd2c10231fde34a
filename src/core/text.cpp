#include "tandem/core/text.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/utf8.h"

namespace tandem {
namespace {

void append_hexadecimal(std::string& out, uint32_t value, int digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

void append_bytes(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    out += "\\x";
    append_hexadecimal(out, static_cast<uint8_t>(byte), 2);
  }
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

// Line and paragraph separators, and the marks that turn text around (Unicode TR 36, 3.2).
bool changes_layout(char32_t c) {
  return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void append_control(std::string& out, char32_t c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else {
    out += "\\x";
    append_hexadecimal(out, c, 2);
  }
}

void append_mark(std::string& out, char32_t c) {
  out += "\\u{";
  append_hexadecimal(out, c, 4);
  out += '}';
}

}  // namespace

std::string printable(std::string_view text, LineEnds line_ends) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    const std::string_view bytes = text.substr(0, step.bytes);
    const char32_t c = step.code_point;
    if (!step.valid) {
      append_bytes(out, bytes);
    } else if (c == '\t' || (c == '\n' && line_ends == LineEnds::kKeep)) {
      out += bytes;
    } else if (c < 0x80 && is_control(c)) {
      append_control(out, c);
    } else if (is_control(c) || changes_layout(c)) {
      append_mark(out, c);
    } else {
      out += bytes;
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

std::string shortened(std::string_view text, size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto is_continuation = [&](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
  };
  size_t head = most / 3 * 2;
  size_t tail = text.size() - most / 3;
  while (head > 0 && is_continuation(head)) --head;
  while (tail < text.size() && is_continuation(tail)) ++tail;
  return std::string(text.substr(0, head)) + "… (" + std::to_string(tail - head) + " bytes) …" +
         std::string(text.substr(tail));
}

std::string escape_bytes(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Step step = read_utf8(bytes);
    const std::string_view character = bytes.substr(0, step.bytes);
    if (!step.valid) {
      append_bytes(out, character);
    } else {
      if (character == "\\") out += '\\';
      out += character;
    }
    bytes.remove_prefix(step.bytes);
  }
  return out;
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] =
          std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace tandem
