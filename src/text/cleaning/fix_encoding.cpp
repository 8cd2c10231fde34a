#include "text/cleaning/fix_encoding.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "text/cleaning/byte_repairs.h"
#include "text/cleaning/mojibake.h"
#include "text/cleaning/mojibake_tables.h"
#include "text/unicode/code_point_ranges.h"

namespace tandem {
namespace {

constexpr char32_t kLostByte = 0x1A;

bool is_control(char32_t c) { return c >= 0x80 && c <= 0x9F; }

class Encoder {
 public:
  explicit Encoder(const CodePage& page) : page_(page) {
    uint8_t byte = 0x80;
    for (const CodePointRange& range : read_code_point_ranges(page.upper))
      for (char32_t c = range.first; c <= range.last; ++c) bytes_[c] = byte++;
    if (page.lossy) bytes_[0xFFFD] = kLostByte;
  }

  [[nodiscard]] const CodePage& page() const { return page_; }

  /// Returns the bytes that are `text` in this encoding; nothing when it has no byte for some.
  [[nodiscard]] std::optional<std::string> encode(std::u32string_view text) const {
    std::string bytes;
    for (const char32_t c : text) {
      if (c < 0x80 && !(page_.lossy && c == kLostByte)) {
        bytes += static_cast<char>(c);
        continue;
      }
      const auto found = bytes_.find(c);
      if (found == bytes_.end()) return std::nullopt;
      bytes += static_cast<char>(found->second);
    }
    return bytes;
  }

 private:
  CodePage page_;
  std::unordered_map<char32_t, uint8_t> bytes_;
};

const std::vector<Encoder>& encoders() {
  static const std::vector<Encoder> kEncoders(code_pages().begin(), code_pages().end());
  return kEncoders;
}

/// Reads the text as UTF-8 after writing it in an encoding of one byte per character.
std::optional<std::u32string> reread(std::u32string_view text, const Encoder& encoder) {
  std::optional<std::string> bytes = encoder.encode(text);
  if (!bytes) return std::nullopt;
  if (encoder.page().may_restore_space && has_spoiled_space(*bytes)) bytes = restore_spaces(*bytes);
  if (encoder.page().lossy) bytes = replace_lost_bytes(*bytes);
  return decode_utf8_variants(*bytes);
}

/// Repairs the parts that look like UTF-8 each by itself: text that was put together from several
/// encodings.
std::u32string fix_parts(const std::u32string& text) {
  std::u32string fixed;
  size_t done = 0;
  for_each_utf8_lookalike(text, [&](size_t begin, size_t end) {
    std::u32string part = text.substr(begin, end - begin);
    fixed.append(text, done, begin - done);
    // A part is shorter than the text, so that this comes to an end.
    fixed += part.size() < text.size() ? fix_encoding(std::move(part)) : part;
    done = end;
  });
  return fixed.append(text, done);
}

std::u32string fix_controls(std::u32string text) {
  for (char32_t& c : text)
    if (is_control(c)) c = windows_1252(c);
  return text;
}

std::u32string fix_once(const std::u32string& text) {
  const bool is_ascii = std::ranges::all_of(text, [](char32_t c) { return c < 0x80; });
  if (is_ascii || !looks_like_mojibake(text)) return text;
  for (const Encoder& encoder : encoders())
    if (auto fixed = reread(text, encoder)) return *fixed;
  std::u32string fixed = fix_parts(text);
  if (fixed != text) return fixed;
  return fix_controls(text);
}

}  // namespace

std::u32string fix_encoding(std::u32string text) {
  while (true) {
    std::u32string fixed = fix_once(text);
    if (fixed == text) return text;
    text = std::move(fixed);
  }
}

char32_t windows_1252(char32_t control) {
  static constexpr char32_t kTable[] = {
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  return kTable[control - 0x80];
}

}  // namespace tandem
