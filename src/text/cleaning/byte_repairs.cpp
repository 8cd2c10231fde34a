#include "text/cleaning/byte_repairs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "io/files/utf8.h"

namespace tandem {
namespace {

// Sequences of bytes, a letter for a set of them; those of ftfy 6.3.1.
constexpr std::string_view kSpoiled[] = {"2 ", "t k", "3k ", "4 cc", "4c c", "4cc "};
constexpr std::string_view kLost[] = {"dz",  "a?",   "EhZElY", "EhYElZ", "rZX",
                                      "rXZ", "fZXX", "fXZX",   "fXXZ",   "z"};

bool is_between(uint8_t byte, int first, int last) { return byte >= first && byte <= last; }

bool is_member(char set, uint8_t byte) {
  const bool continues = is_between(byte, 0x80, 0xBF);
  switch (set) {
    case ' ': return byte == ' ';
    case '?': return byte == '?';
    case 'z': return byte == 0x1A;
    case 'Z': return byte == 0x1A || byte == '?';
    case 'X': return byte == 0x1A || continues;
    case 'Y': return byte == 0x1A || byte == '?' || continues;
    case 'a': return is_between(byte, 0xC2, 0xC3);
    case 'd': return is_between(byte, 0xC2, 0xDF);
    case 'r': return is_between(byte, 0xE0, 0xEF);
    case 'f': return is_between(byte, 0xF0, 0xF4);
    case 'E': return byte == 0xED;
    case 'h': return is_between(byte, 0xA0, 0xAF);
    case 'l': return is_between(byte, 0xB0, 0xBF);
    case '2':
      return byte == 0xC2 || byte == 0xC3 || byte == 0xC5 || byte == 0xCE || byte == 0xD0 ||
             byte == 0xD9;
    case 't': return byte == 0xE2 || byte == 0xE3;
    case '3': return is_between(byte, 0xE0, 0xE3);
    case '4': return byte == 0xF0;
    case 'k': return continues && byte != 0x85 && byte != 0xA0;
    default: return continues;
  }
}

/// Returns the length of the first of `sequences` that begins `bytes`, or 0.
size_t match(std::span<const std::string_view> sequences, std::string_view bytes) {
  for (const std::string_view sequence : sequences) {
    size_t length = 0;
    while (length < sequence.size() && length < bytes.size() &&
           is_member(sequence[length], static_cast<uint8_t>(bytes[length]))) {
      ++length;
    }
    if (length == sequence.size()) return length;
  }
  return 0;
}

bool starts_as_portuguese(std::string_view rest) {
  for (const std::string_view start : {" ", "quele", "quela", "quilo", "s "})
    if (rest.starts_with(start)) return true;
  return false;
}

/// "Ã " becomes "Ã\xA0 ", which keeps the space of `à la`, but not in às, àquele and their like.
std::string with_spaces_after_a(std::string_view bytes) {
  std::string result;
  for (size_t at = 0; at < bytes.size(); ++at) {
    result += bytes[at];
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with("\xC3 ") && !starts_as_portuguese(rest.substr(2))) result += '\xA0';
  }
  return result;
}

bool append_strict(std::string_view bytes, std::u32string& text) {
  while (!bytes.empty()) {
    const Utf8Step step = read_utf8(bytes);
    if (!step.valid) return false;
    text += step.code_point;
    bytes.remove_prefix(step.bytes);
  }
  return true;
}

bool is_end(std::string_view bytes) { return bytes.empty() || bytes == "\n"; }

/// Whether the bytes start with what Python's UTF-8 does not read and ftfy's decoder looks at.
bool is_special(std::string_view bytes) {
  if (bytes[0] == '\xC0') return is_end(bytes.substr(1)) || bytes[1] == '\x80';
  if (bytes[0] != '\xED') return false;
  size_t at = 1;
  if (!is_end(bytes.substr(at))) {
    if (!is_between(static_cast<uint8_t>(bytes[at]), 0xA0, 0xBF)) return false;
    ++at;
  }
  return is_end(bytes.substr(at)) || is_between(static_cast<uint8_t>(bytes[at]), 0x80, 0xBF);
}

/// Reads a surrogate pair of six bytes; 0 when it is not one. A line end may take the last place.
char32_t read_pair(std::string_view bytes) {
  if (bytes.size() < 6) return 0;
  std::array<uint8_t, 6> byte{};
  for (size_t at = 0; at < byte.size(); ++at) byte[at] = static_cast<uint8_t>(bytes[at]);
  const bool ends = is_between(byte[5], 0x80, 0xBF) || is_end(bytes.substr(5));
  if (byte[3] != 0xED || !is_between(byte[1], 0xA0, 0xAF) || !is_between(byte[2], 0x80, 0xBF) ||
      !is_between(byte[4], 0xB0, 0xBF) || !ends) {
    return 0;
  }
  return 0x10000U + ((byte[1] & 0x0FU) << 16) + ((byte[2] & 0x3FU) << 10) +
         ((byte[4] & 0x0FU) << 6) + (byte[5] & 0x3FU);
}

}  // namespace

bool has_spoiled_space(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); ++at)
    if (match(kSpoiled, bytes.substr(at)) > 0) return true;
  return false;
}

std::string restore_spaces(std::string_view bytes) {
  std::string result = with_spaces_after_a(bytes);
  for (size_t at = 0; at < result.size();) {
    const size_t length = match(kSpoiled, std::string_view(result).substr(at));
    for (size_t place = at; place < at + length; ++place)
      if (result[place] == ' ') result[place] = '\xA0';
    at += std::max<size_t>(length, 1);
  }
  return result;
}

std::string replace_lost_bytes(std::string_view bytes) {
  std::string result;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = match(kLost, bytes.substr(at));
    if (length > 0) {
      result += "\uFFFD";
    } else {
      result += bytes[at];
    }
    at += std::max<size_t>(length, 1);
  }
  return result;
}

std::optional<std::u32string> decode_utf8_variants(std::string_view bytes) {
  std::u32string text;
  while (!bytes.empty()) {
    size_t special = 0;
    while (special < bytes.size() && !is_special(bytes.substr(special))) ++special;
    if (!append_strict(bytes.substr(0, special), text)) return std::nullopt;
    bytes.remove_prefix(special);
    if (bytes.empty()) break;
    const bool is_null = bytes[0] == '\xC0' && bytes.size() > 1;
    const char32_t pair = is_null ? 0 : read_pair(bytes);
    if (!is_null && pair == 0) return std::nullopt;
    text += pair;
    bytes.remove_prefix(is_null ? 2 : 6);
  }
  return text;
}

}  // namespace tandem
