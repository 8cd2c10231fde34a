#include "io/tar/tar_header.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "io/files/utf8.h"

namespace tandem {
namespace {

constexpr size_t kMaxNameBytes = 4096;
constexpr size_t kChecksumAt = 148;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kSizeAt = 124;
constexpr size_t kSizeBytes = 12;
constexpr size_t kTypeAt = 156;
constexpr size_t kMagicAt = 257;
constexpr size_t kPrefixAt = 345;
constexpr size_t kPrefixBytes = 155;
constexpr size_t kNameBytes = 100;

std::string_view until_zero(std::string_view field) { return field.substr(0, field.find('\0')); }

std::optional<uint64_t> parse_base256(std::string_view field) {
  if (static_cast<unsigned char>(field[0]) != 0x80) return std::nullopt;  // negative, or too large
  uint64_t value = 0;
  for (const char c : field.substr(1)) {
    if (value >> 55 != 0) return std::nullopt;
    value = value << 8 | static_cast<unsigned char>(c);
  }
  return value;
}

std::optional<uint64_t> parse_octal(std::string_view field) {
  field = until_zero(field);
  const size_t begin = field.find_first_not_of(' ');
  if (begin == std::string_view::npos) return 0;
  field.remove_prefix(begin);
  field = field.substr(0, field.find(' '));
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (error != std::errc() || end != field.data() + field.size() || value >> 63 != 0)
    return std::nullopt;
  return value;
}

std::optional<uint64_t> parse_number(std::string_view field) {
  const bool base256 = (static_cast<unsigned char>(field[0]) & 0x80U) != 0;
  return base256 ? parse_base256(field) : parse_octal(field);
}

/// Old writers summed signed bytes.
bool has_good_checksum(std::string_view block) {
  const auto stored = parse_octal(block.substr(kChecksumAt, kChecksumBytes));
  if (!stored) return false;
  int64_t sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksumAt && i < kChecksumAt + kChecksumBytes;
    const char c = own ? ' ' : block[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  const auto value = static_cast<int64_t>(*stored);
  return value == sum || value == signed_sum;
}

}  // namespace

std::optional<TarHeader> parse_tar_header(std::string_view block) {
  if (!has_good_checksum(block)) return std::nullopt;
  const auto size = parse_number(block.substr(kSizeAt, kSizeBytes));
  if (!size) return std::nullopt;
  TarHeader header{.name = std::string(until_zero(block.substr(0, kNameBytes))),
                   .size = *size,
                   .type = block[kTypeAt]};
  const bool posix = block.substr(kMagicAt, 6) == std::string_view("ustar\0", 6);
  const std::string_view prefix = until_zero(block.substr(kPrefixAt, kPrefixBytes));
  if (posix && !prefix.empty()) header.name = std::string(prefix) + "/" + header.name;
  if (header.type == '\0') header.type = header.name.ends_with('/') ? '5' : '0';
  return header;
}

std::optional<std::map<std::string, std::string>> parse_pax(std::string_view text) {
  std::map<std::string, std::string> records;
  while (!text.empty() && text[0] != '\0') {
    size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    const auto digits = static_cast<size_t>(end - text.data());
    if (error != std::errc() || length > text.size() || length < digits + 3 ||
        text[digits] != ' ' || text[length - 1] != '\n')
      return std::nullopt;
    const std::string_view record = text.substr(digits + 1, length - digits - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    records[std::string(record.substr(0, equals))] = std::string(record.substr(equals + 1));
    text.remove_prefix(length);
  }
  return records;
}

bool is_sane_member_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || name[0] == '/' || !is_utf8(name)) return false;
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(name.begin(), name.end(), is_control)) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace tandem
