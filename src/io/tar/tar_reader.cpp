#include "io/tar/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "io/files/foreign_content.h"
#include "io/files/utf8.h"
#include "io/tar/tar_header.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr uint64_t kWindowBytes = 8192;
constexpr uint64_t kMaxExtensionBytes = uint64_t{1} << 20;
constexpr uint64_t kMaxMemberBytes = uint64_t{1} << 32;

uint64_t padded(uint64_t bytes) { return (bytes + kTarBlock - 1) / kTarBlock * kTarBlock; }

std::string_view view(const std::array<unsigned char, kTarBlock>& block) {
  return {reinterpret_cast<const char*>(block.data()), block.size()};
}

bool is_empty(std::string_view block) {
  return block.find_first_not_of('\0') == std::string_view::npos;
}

/// Why a member of this type is skipped; null for regular files and for folders.
const char* ignored_type(char type) {
  switch (type) {
    case '0':
    case '7':
    case '5': return nullptr;
    case '1': return "hard link";
    case '2': return "symbolic link";
    case '3':
    case '4': return "device";
    case '6': return "pipe";
    case 'S': return "sparse file";
    default: return "unknown type";
  }
}

/// Whether bytes follow the header. Links, devices and folders may carry a size that means nothing.
bool has_content(char type) { return type < '1' || type > '6'; }

}  // namespace

/// What extension headers say about the member that follows them.
struct TarReader::Pending {
  std::map<std::string, std::string> records = {};
  bool ignore = false;  ///< The extension was too long to be taken in.
};

TarReader::TarReader(const FileReader& file) : file_(file) {
  if (file.size() == 0) return;
  const std::string head = file.read(0, std::min<uint64_t>(file.size(), kTarBlock));
  if (is_empty(head)) return;
  if (head.size() == kTarBlock && parse_tar_header(head)) return;
  const auto foreign = recognize_foreign_content(head);
  throw Error(ErrorKind::kData,
              {.what = "is not a tar file",
               .where = file.name(),
               .found = foreign ? std::string(foreign->name) : "other content or a damaged header",
               .hint = foreign ? std::string(foreign->hint) : ""});
}

bool TarReader::stop(std::string problem, std::string cut_name) {
  problem_ = std::move(problem);
  cut_name_ = std::move(cut_name);
  position_ = file_.size();
  return false;
}

/// Reads the block at position_; false when the file ends before its end.
bool TarReader::load(Block& block) {
  if (position_ + kTarBlock > file_.size()) return false;
  const bool inside =
      position_ >= window_begin_ && position_ + kTarBlock <= window_begin_ + window_.size();
  if (!inside) {
    window_begin_ = position_;
    window_.resize(std::min(kWindowBytes, file_.size() - position_));
    file_.read(window_begin_, window_.data(), window_.size());
  }
  std::memcpy(block.data(), window_.data() + (position_ - window_begin_), kTarBlock);
  return true;
}

/// Takes the member's size from the pax records, where they have one.
bool TarReader::take_size(const Pending& pending, TarHeader& header) {
  const auto record = pending.records.find("size");
  if (record == pending.records.end() || record->second.empty()) return true;
  const std::string& text = record->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), header.size);
  if (error == std::errc() && end == text.data() + text.size() && header.size >> 63 == 0)
    return true;
  return stop(fmt::format("the pax size {} is not a size, in the header at byte {}",
                          in_quotes(text), position_));
}

/// Takes in the long name or the pax records that stand at position_, `size` bytes of them.
bool TarReader::read_extension(const Block& block, uint64_t size, Pending& pending) {
  const char type = view(block)[156];
  if (size > kMaxExtensionBytes) {
    pending.ignore = true;
    return true;
  }
  std::string text = file_.read(position_, static_cast<size_t>(size));
  if (type == 'L') {
    pending.records["path"] = text.substr(0, text.find('\0'));
  } else if (type == 'x') {
    auto records = parse_pax(text);
    if (!records) return stop(fmt::format("damaged pax header at byte {}", position_));
    for (auto& [key, value] : *records) pending.records[key] = std::move(value);
  }
  return true;
}

bool TarReader::next(TarMember& member) {
  Pending pending;
  Block block{};
  while (position_ < file_.size()) {
    if (!load(block)) return stop(fmt::format("truncated in a header at byte {}", position_));
    if (is_empty(view(block))) return false;
    auto header = parse_tar_header(view(block));
    if (!header) return stop(fmt::format("damaged header at byte {}", position_));
    const bool extension = std::strchr("LKxg", header->type) != nullptr;
    if (const auto path = pending.records.find("path"); path != pending.records.end() && !extension)
      header->name = path->second;
    if (!extension && !take_size(pending, *header)) return false;
    position_ += kTarBlock;
    const uint64_t size = has_content(header->type) ? header->size : 0;
    if (size > file_.size() - position_) {
      const std::string name = extension ? "" : header->name;
      return stop(fmt::format("truncated inside \"{}\" at byte {}", name, file_.size()), name);
    }
    if (extension) {
      if (!read_extension(block, size, pending)) return false;
      position_ += padded(size);
      continue;
    }
    const uint64_t offset = position_;
    position_ += padded(size);
    const char* reason = ignored_type(header->type);
    const bool sparse =
        std::any_of(pending.records.begin(), pending.records.end(),
                    [](const auto& record) { return record.first.starts_with("GNU.sparse."); });
    if (sparse) reason = "sparse file";
    if (reason == nullptr && header->type != '5') {
      if (size >= kMaxMemberBytes) reason = "4 GiB or more";
      if (pending.ignore || !is_sane_member_name(header->name)) reason = "odd name";
    }
    pending = {};
    if (reason != nullptr) ++ignored_[reason];
    if (reason != nullptr || header->type == '5') continue;
    member = {.name = std::move(header->name), .offset = offset, .size = size};
    return true;
  }
  return false;
}

}  // namespace tandem
