#include "io/tar/tar_writer.h"

#include <fmt/format.h>

#include "io/tar/tar_reader.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr size_t kNameBytes = 100;
constexpr size_t kPrefixBytes = 155;

struct SplitName {
  std::string_view prefix;
  std::string_view name;
};

SplitName split(std::string_view name) {
  if (name.size() <= kNameBytes) return {.prefix = {}, .name = name};
  const size_t slash = name.find('/', name.size() - kNameBytes - 1);
  if (slash > kPrefixBytes) {  // so is npos
    throw Error(ErrorKind::kUsage, {.what = "the name is too long for a tar header",
                                    .where = std::string(name),
                                    .expected = fmt::format("at most {} bytes", kNameBytes)});
  }
  return {.prefix = name.substr(0, slash), .name = name.substr(slash + 1)};
}

void put(std::string& block, size_t at, std::string_view text) {
  block.replace(at, text.size(), text);
}

/// Eleven octal digits, or base 256 for what they cannot hold.
std::string size_field(uint64_t size) {
  constexpr uint64_t kOctalEnd = uint64_t{1} << 33;
  if (size < kOctalEnd) return fmt::format("{:011o}", size);
  std::string field(12, '\0');
  field[0] = '\x80';
  for (size_t i = 11; size > 0; --i, size >>= 8) field[i] = static_cast<char>(size & 0xFF);
  return field;
}

}  // namespace

std::string tar_member(std::string_view name, std::string_view content, uint64_t modified) {
  const SplitName parts = split(name);
  std::string block(kTarBlock, '\0');
  put(block, 0, parts.name);
  put(block, 100, "0000644");
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  put(block, 124, size_field(content.size()));
  put(block, 136, fmt::format("{:011o}", modified));
  put(block, 148, "        ");
  block[156] = '0';
  put(block, 257, std::string_view("ustar\00000", 8));
  put(block, 329, "0000000");
  put(block, 337, "0000000");
  put(block, 345, parts.prefix);
  uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, 148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  block += content;
  block.resize((block.size() + kTarBlock - 1) / kTarBlock * kTarBlock, '\0');
  return block;
}

std::string tar_end() { return std::string(2 * kTarBlock, '\0'); }

}  // namespace tandem
