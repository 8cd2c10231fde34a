#include "io/safetensors/safetensors_header.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/files/foreign_content.h"
#include "io/files/utf8.h"
#include "io/safetensors/safetensors_sax.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr size_t kAlignment = 64;

[[noreturn]] void reject(const std::string& where, ErrorText text) {
  text.where = where;
  throw Error(ErrorKind::kCheckpoint, text);
}

std::string name_of(const TensorEntry& entry) { return "tensor " + in_quotes(entry.name); }

/// The bytes that shape and dtype ask for. Empty dimensions count as one in the overflow check,
/// because strides are computed so.
uint64_t needed_bytes(const TensorEntry& entry, const std::string& where) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(entry.dtype));
  bool empty = false;
  for (const int64_t dimension : entry.shape) {
    empty = empty || dimension == 0;
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(dimension, 1), &bytes)) {
      reject(where, {.what = name_of(entry) + " has a shape that overflows",
                     .found = fmt::format("[{}]", fmt::join(entry.shape, ", "))});
    }
  }
  return empty ? 0 : static_cast<uint64_t>(bytes);
}

void check_entry(const TensorEntry& entry, const std::string& where) {
  if (entry.begin > entry.end) {
    reject(where, {.what = name_of(entry) + " ends before it begins",
                   .found = fmt::format("data_offsets [{}, {}]", entry.begin, entry.end)});
  }
  const uint64_t needed = needed_bytes(entry, where);
  if (needed != entry.end - entry.begin) {
    reject(where,
           {.what = name_of(entry) + " has data_offsets that disagree with its shape",
            .expected = fmt::format("{} bytes for {} [{}]", needed, c10::toString(entry.dtype),
                                    fmt::join(entry.shape, ", ")),
            .found = std::to_string(entry.end - entry.begin)});
  }
}

/// Every byte belongs to exactly one tensor: a file that hides other content is refused.
void check_layout(const std::vector<TensorEntry>& entries, uint64_t data_bytes,
                  const std::string& where) {
  uint64_t covered = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != covered) {
      reject(where, {.what = name_of(entry) + (entry.begin < covered ? " overlaps the one before it"
                                                                     : " leaves a gap before it"),
                     .expected = fmt::format("begin at {}", covered),
                     .found = std::to_string(entry.begin)});
    }
    covered = entry.end;
  }
  if (covered > data_bytes) {
    reject(where, {.what = "the file is truncated",
                   .expected = fmt::format("{} bytes of tensors", covered),
                   .found = std::to_string(data_bytes),
                   .hint = "copy or download it again"});
  }
  if (covered < data_bytes) {
    reject(where, {.what = "bytes are left over after the last tensor",
                   .expected = fmt::format("{} bytes of tensors", covered),
                   .found = std::to_string(data_bytes)});
  }
}

}  // namespace

const std::vector<SafetensorsDtype>& safetensors_dtypes() {
  static const std::vector<SafetensorsDtype> dtypes = {
      {"BOOL", c10::ScalarType::Bool}, {"U8", c10::ScalarType::Byte},
      {"I8", c10::ScalarType::Char},   {"I16", c10::ScalarType::Short},
      {"I32", c10::ScalarType::Int},   {"I64", c10::ScalarType::Long},
      {"F16", c10::ScalarType::Half},  {"BF16", c10::ScalarType::BFloat16},
      {"F32", c10::ScalarType::Float}, {"F64", c10::ScalarType::Double}};
  return dtypes;
}

uint64_t check_header_length(std::string_view first_bytes, uint64_t file_bytes,
                             const std::string& where) {
  const auto refuse = [&](ErrorText text) {
    if (const auto foreign = recognize_foreign_content(first_bytes)) {
      text = {.what = "is not a safetensors file",
              .found = std::string(foreign->name),
              .hint = std::string(foreign->hint)};
    }
    reject(where, text);
  };
  if (file_bytes == 0) refuse({.what = "the file is empty"});
  if (file_bytes < 8) {
    refuse({.what = "the file is too short to be a safetensors file",
            .expected = "at least 8 bytes",
            .found = std::to_string(file_bytes)});
  }
  uint64_t length = 0;
  std::memcpy(&length, first_bytes.data(), sizeof length);
  if (length > kMaxHeaderBytes) {
    refuse({.what = "the header is too long",
            .expected = fmt::format("at most {} bytes", kMaxHeaderBytes),
            .found = std::to_string(length),
            .hint = "check that this is a safetensors file"});
  }
  if (length > file_bytes - 8) {
    refuse({.what = "the header is longer than the file",
            .expected = fmt::format("at most {} bytes", file_bytes - 8),
            .found = std::to_string(length),
            .hint = "copy or download it again"});
  }
  if (length == 0 || first_bytes[8] != '{') refuse({.what = "the header does not begin with {"});
  return length;
}

SafetensorsHeader parse_safetensors_header(std::string_view json, uint64_t data_bytes,
                                           const std::string& where) {
  if (!is_utf8(json)) reject(where, {.what = "the header is not valid UTF-8"});
  // The JSON reader takes NUL for the end of its input and would pass over what follows.
  if (json.find('\0') != std::string_view::npos)
    reject(where, {.what = "the header holds a NUL byte"});
  SafetensorsHeader header = read_header_json(json, where);
  for (const TensorEntry& entry : header.entries) check_entry(entry, where);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const TensorEntry& left, const TensorEntry& right) {
              return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
            });
  check_layout(header.entries, data_bytes, where);
  return header;
}

std::string compose_safetensors_header(const SafetensorsHeader& header) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!header.metadata.empty()) json["__metadata__"] = header.metadata;
  for (const TensorEntry& entry : header.entries) {
    const auto& dtypes = safetensors_dtypes();
    const auto dtype =
        std::find_if(dtypes.begin(), dtypes.end(),
                     [&](const SafetensorsDtype& each) { return each.dtype == entry.dtype; });
    auto& fields = json[entry.name];
    fields["dtype"] = dtype->name;
    fields["shape"] = entry.shape;
    fields["data_offsets"] = {entry.begin, entry.end};
  }
  std::string text = json.dump();
  text.append((kAlignment - (8 + text.size()) % kAlignment) % kAlignment, ' ');
  const uint64_t length = text.size();
  std::string start(8, '\0');
  std::memcpy(start.data(), &length, sizeof length);
  return start + text;
}

}  // namespace tandem
