#include "data/shards/tar_index.h"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "io/tar/tar_reader.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTitle = "tandem tar index 1";
constexpr uint64_t kMaxIndexBytes = uint64_t{1} << 32;

/// Takes text apart from front to back.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool done() const { return text_.empty(); }
  std::string_view until(char mark) {
    const size_t at = text_.find(mark);
    const std::string_view part = text_.substr(0, at);
    text_.remove_prefix(at == std::string_view::npos ? text_.size() : at + 1);
    return part;
  }
  template <typename Number>
  Number number(char mark, int base = 10) {
    const std::string_view part = until(mark);
    Number value{};
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, base);
    ok_ = ok_ && error == std::errc() && end == part.data() + part.size();
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view text_;
  bool ok_ = true;
};

std::string write(const TarIndex& index) {
  std::string text =
      fmt::format("{}\ntar {} {}\n", kTitle, index.stamp.size, index.stamp.modified_ns);
  if (!index.problem.empty()) text += fmt::format("problem {}\n", index.problem);
  if (!index.cut_name.empty()) text += fmt::format("cut {}\n", index.cut_name);
  for (const auto& [reason, count] : index.ignored)
    text += fmt::format("ignored {} {}\n", count, reason);
  for (const IndexedMember& member : index.members)
    text += fmt::format("member {} {} {:016x} {}\n", member.offset, member.size, member.hash,
                        member.name);
  return text + fmt::format("end {}\n", content_hash(text));
}

/// The index that `text` holds; nothing when it is damaged.
std::optional<TarIndex> parse(std::string_view text) {
  const size_t end = text.rfind("end ");
  if (end == std::string_view::npos ||
      text.substr(end) != fmt::format("end {}\n", content_hash(text.substr(0, end))))
    return std::nullopt;
  Scanner scanner(text.substr(0, end));
  if (scanner.until('\n') != kTitle) return std::nullopt;
  TarIndex index;
  while (!scanner.done() && scanner.ok()) {
    const std::string_view word = scanner.until(' ');
    if (word == "tar") {
      index.stamp.size = scanner.number<uint64_t>(' ');
      index.stamp.modified_ns = scanner.number<int64_t>('\n');
    } else if (word == "problem") {
      index.problem = scanner.until('\n');
    } else if (word == "cut") {
      index.cut_name = scanner.until('\n');
    } else if (word == "ignored") {
      const auto count = scanner.number<uint64_t>(' ');
      index.ignored[std::string(scanner.until('\n'))] = count;
    } else if (word == "member") {
      IndexedMember member;
      member.offset = scanner.number<uint64_t>(' ');
      member.size = scanner.number<uint64_t>(' ');
      member.hash = scanner.number<uint64_t>(' ', 16);
      member.name = scanner.until('\n');
      index.members.push_back(std::move(member));
    } else {
      return std::nullopt;
    }
  }
  return scanner.ok() ? std::optional(std::move(index)) : std::nullopt;
}

/// A cut member's name comes from the tar and may be anything.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  return text;
}

}  // namespace

TarIndex scan_tar(const fs::path& tar, bool hash) {
  const FileReader file(tar);
  TarIndex index{.stamp = file.stamp()};
  TarReader reader(file);
  for (TarMember member; reader.next(member);) {
    uint64_t sum = 0;
    if (hash) sum = hash_bytes(file.read(member.offset, static_cast<size_t>(member.size)));
    index.members.push_back({std::move(member.name), member.offset, member.size, sum});
  }
  index.ignored = reader.ignored();
  index.problem = one_line(reader.problem());
  index.cut_name = one_line(reader.cut_name());
  return index;
}

fs::path index_path(const fs::path& tar) { return tar.string() + ".idx"; }

void save_index(const fs::path& tar, const TarIndex& index) {
  clear_leftovers_of(index_path(tar));
  write_file_atomically(index_path(tar), write(index));
}

SavedIndex load_index(const fs::path& tar) {
  std::error_code error;
  if (!fs::exists(index_path(tar), error)) return {};
  try {
    auto index = parse(read_file(index_path(tar), kMaxIndexBytes));
    if (!index) return {.refusal = "damaged"};
    if (FileReader(tar).stamp() != index->stamp) return {.refusal = "stale"};
    return {.index = std::move(index)};
  } catch (const Error&) {
    return {.refusal = "unreadable"};
  }
}

}  // namespace tandem
