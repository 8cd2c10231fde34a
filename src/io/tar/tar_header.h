#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tandem {

/// What a tar header of 512 bytes says (POSIX.1-1988 ustar, GNU and v7).
struct TarHeader {
  std::string name = {};
  uint64_t size = 0;
  char type = '0';
};

/// Returns the header's content, nothing when its checksum or a number in it is wrong. Sizes may be
/// octal or in base 256; negative ones and those beyond 63 bits are wrong.
[[nodiscard]] std::optional<TarHeader> parse_tar_header(std::string_view block);

/// Returns the records `length key=value\n` of a pax header, nothing when one of them is malformed.
[[nodiscard]] std::optional<std::map<std::string, std::string>> parse_pax(std::string_view text);

/// Whether a member may be called so: not empty, not absolute, no `..`, no control characters,
/// UTF-8, at most 4096 bytes.
[[nodiscard]] bool is_sane_member_name(std::string_view name);

}  // namespace tandem
