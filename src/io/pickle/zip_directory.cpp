#include "io/pickle/zip_directory.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include <fmt/format.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr uint64_t kEndBytes = 22;
constexpr uint64_t kLongestComment = 65535;
constexpr uint64_t kEntryBytes = 46;
constexpr uint64_t kLocalBytes = 30;
constexpr uint64_t kMaxDirectoryBytes = uint64_t{256} << 20;
constexpr uint32_t kUseZip64 = 0xFFFFFFFFU;

[[noreturn]] void reject(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kCheckpoint,
              {.what = what, .where = where, .expected = "an archive as torch.save writes it"});
}

/// Little-endian numbers of a text, checked against its end.
class Bytes {
 public:
  Bytes(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  [[nodiscard]] uint64_t number(uint64_t at, uint64_t bytes) const {
    if (at > text_.size() || bytes > text_.size() - at) reject(where_, "the archive is truncated");
    uint64_t value = 0;
    for (uint64_t i = bytes; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(text_[at + i]);
    return value;
  }
  [[nodiscard]] std::string_view text(uint64_t at, uint64_t bytes) const {
    if (at > text_.size() || bytes > text_.size() - at) reject(where_, "the archive is truncated");
    return text_.substr(at, bytes);
  }
  [[nodiscard]] bool begins(uint64_t at, std::string_view signature) const {
    return text_.substr(std::min<uint64_t>(at, text_.size()), signature.size()) == signature;
  }

 private:
  std::string_view text_;
  const std::string& where_;
};

struct Directory {
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

Directory find_directory(const FileReader& file, const std::string& where) {
  const uint64_t span = std::min(file.size(), kEndBytes + kLongestComment + 20);
  const uint64_t start = file.size() - span;
  const std::string tail = file.read(start, span);
  const size_t at = tail.rfind("PK\x05\x06");
  if (at == std::string::npos) reject(where, "the file is not a zip archive");
  const Bytes bytes(tail, where);
  if (bytes.number(at + 20, 2) != tail.size() - at - kEndBytes)
    reject(where, "the archive is truncated");
  Directory directory{.offset = bytes.number(at + 16, 4), .bytes = bytes.number(at + 12, 4)};
  const bool zip64 = at >= 20 && bytes.begins(at - 20, "PK\x06\x07");
  if (zip64) {
    const std::string record = file.read(bytes.number(at - 20 + 8, 8), 56);
    const Bytes fields(record, where);
    if (!fields.begins(0, "PK\x06\x06")) reject(where, "the archive's zip64 record is damaged");
    directory = {.offset = fields.number(48, 8), .bytes = fields.number(40, 8)};
  }
  if (directory.bytes > kMaxDirectoryBytes || directory.offset > file.size() ||
      directory.bytes > file.size() - directory.offset)
    reject(where, "the archive's directory is outside the file");
  return directory;
}

// Replaces what does not fit 32 bits by the entry's zip64 field.
void read_zip64(const Bytes& bytes, uint64_t at, uint64_t length, ZipEntry& entry,
                uint64_t& stored) {
  const uint64_t end = at + length;
  while (at + 4 <= end) {
    const uint64_t id = bytes.number(at, 2), size = bytes.number(at + 2, 2);
    uint64_t field = at + 4;
    at = field + size;
    if (id != 1) continue;
    const auto take = [&](uint64_t& value) {
      if (value != kUseZip64) return;
      value = bytes.number(field, 8);
      field += 8;
    };
    take(entry.bytes);
    take(stored);
    take(entry.offset);
  }
}

// From the place of the local header to that of the data after it.
void find_data(const FileReader& file, const std::string& where, ZipEntry& entry) {
  if (entry.offset > file.size() || file.size() - entry.offset < kLocalBytes)
    reject(where, "an entry of the archive is outside the file");
  const std::string header = file.read(entry.offset, kLocalBytes);
  const Bytes local(header, where);
  if (!local.begins(0, "PK\x03\x04")) reject(where, "an entry of the archive is damaged");
  entry.offset += kLocalBytes + local.number(26, 2) + local.number(28, 2);
  if (entry.offset > file.size() || entry.bytes > file.size() - entry.offset)
    reject(where, "an entry of the archive is outside the file");
}

}  // namespace

std::map<std::string, ZipEntry> read_zip_directory(const FileReader& file,
                                                   const std::string& where) {
  const Directory directory = find_directory(file, where);
  const std::string text = file.read(directory.offset, directory.bytes);
  const Bytes bytes(text, where);
  std::map<std::string, ZipEntry> entries;
  for (uint64_t at = 0; at + kEntryBytes <= text.size();) {
    if (!bytes.begins(at, "PK\x01\x02")) reject(where, "the archive's directory is damaged");
    const uint64_t flags = bytes.number(at + 8, 2), method = bytes.number(at + 10, 2);
    uint64_t stored = bytes.number(at + 20, 4);
    ZipEntry entry{.offset = bytes.number(at + 42, 4), .bytes = bytes.number(at + 24, 4)};
    const uint64_t name_bytes = bytes.number(at + 28, 2), extra = bytes.number(at + 30, 2);
    const std::string name(bytes.text(at + kEntryBytes, name_bytes));
    read_zip64(bytes, at + kEntryBytes + name_bytes, extra, entry, stored);
    at += kEntryBytes + name_bytes + extra + bytes.number(at + 32, 2);
    entry.packed = method != 0 || stored != entry.bytes || (flags & 1) != 0;
    entry.bytes = stored;
    find_data(file, where, entry);
    if (!entries.emplace(name, entry).second)
      reject(where, fmt::format("entry {} appears twice", in_quotes(name)));
  }
  return entries;
}

}  // namespace tandem
