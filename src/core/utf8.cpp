#include "core/utf8.h"

#include <cstdint>

namespace tandem {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// What a lead byte promises: the length, and the bounds of the second byte, which are what keeps
/// overlong forms, surrogates and too large values out.
struct Lead {
  size_t bytes;
  uint8_t low;
  uint8_t high;
};

Lead classify(uint8_t byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

Utf8Step read_utf8(std::string_view text) noexcept {
  const auto first = static_cast<uint8_t>(text[0]);
  const Lead lead = classify(first);
  if (lead.bytes == 1) return {first, 1, true};
  if (lead.bytes == 0) return {kReplacement, 1, false};
  char32_t code_point = first & (0xFFU >> (lead.bytes + 1));
  for (size_t index = 1; index < lead.bytes; ++index) {
    if (index == text.size()) return {kReplacement, index, false};
    const auto byte = static_cast<uint8_t>(text[index]);
    const uint8_t low = index == 1 ? lead.low : uint8_t{0x80};
    const uint8_t high = index == 1 ? lead.high : uint8_t{0xBF};
    if (byte < low || byte > high) return {kReplacement, index, false};
    code_point = (code_point << 6) | (byte & 0x3FU);
  }
  return {code_point, lead.bytes, true};
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    if (!step.valid) return false;
    text.remove_prefix(step.bytes);
  }
  return true;
}

}  // namespace tandem
