#include "data/shard_list.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <numeric>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/access_problem.h"
#include "io/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

using Texts = std::vector<std::string>;

constexpr size_t kMaxTexts = 1'000'000;
constexpr size_t kMaxBytes = size_t{1} << 28;  // of all texts together
constexpr int kMaxDepth = 64;
constexpr size_t kNamedShards = 3;

[[noreturn]] void fail_list(std::string what, std::string_view list, std::string hint) {
  throw Error(ErrorKind::kConfig,
              {.what = std::move(what), .where = in_quotes(list), .hint = std::move(hint)});
}

/// Where the brace at `open` is closed; `list` is what messages show.
size_t closing_brace(std::string_view text, size_t open, std::string_view list) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{' && ++depth > kMaxDepth)
      fail_list(fmt::format("braces nested deeper than {}", kMaxDepth), list,
                "name folders instead");
    if (text[i] == '}' && --depth == 0) return i;
  }
  const auto at = static_cast<size_t>(text.data() - list.data()) + open + 1;
  fail_list(fmt::format("the brace at character {} is not closed", at), list,
            "write ranges as {000..012}");
}

/// Parts between commas that stand in no further brace.
std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}') --depth;
    if (text[i] != ',' || depth != 0) continue;
    parts.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.push_back(text);
  return parts;
}

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_padded(std::string_view number) {
  if (number.starts_with('-')) number.remove_prefix(1);
  return number.size() > 1 && number[0] == '0';
}

bool is_letter(std::string_view text) {
  return text.size() == 1 && (std::isalpha(static_cast<unsigned char>(text[0])) != 0);
}

/// The numbers or letters of `first..last` or `first..last..step`.
struct Range {
  int64_t first = 0;
  uint64_t stride = 1;
  size_t count = 0;
  size_t longest = 1;  ///< In bytes.
  size_t width = 0;    ///< To which numbers are padded.
  bool up = true;
  bool letters = false;
};

/// Returns nothing when the text is no range.
std::optional<Range> read_range(std::string_view text) {
  const auto parts = split_at(text, "..");
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  const bool letters = is_letter(parts[0]) && is_letter(parts[1]);
  const auto first = letters ? int64_t{parts[0][0]} : whole_number(parts[0]);
  const auto last = letters ? int64_t{parts[1][0]} : whole_number(parts[1]);
  const auto step = parts.size() == 3 ? whole_number(parts[2]) : 1;
  if (!first || !last || !step || *step == INT64_MIN) return std::nullopt;
  Range range{.first = *first, .up = *first <= *last, .letters = letters};
  range.stride = std::max<uint64_t>(1, static_cast<uint64_t>(std::abs(*step)));
  const uint64_t steps = (range.up ? static_cast<uint64_t>(*last) - static_cast<uint64_t>(*first)
                                   : static_cast<uint64_t>(*first) - static_cast<uint64_t>(*last)) /
                         range.stride;
  if (steps >= kMaxTexts) fail_list("the range is too long", text, "at most a million");
  range.count = steps + 1;
  range.longest = std::max(parts[0].size(), parts[1].size());
  if (is_padded(parts[0]) || is_padded(parts[1])) range.width = range.longest;
  return range;
}

Texts texts_of(const Range& range) {
  Texts texts;
  for (size_t i = 0; i < range.count; ++i) {
    const uint64_t distance = i * range.stride;
    const auto first = static_cast<uint64_t>(range.first);
    const auto value = static_cast<int64_t>(range.up ? first + distance : first - distance);
    texts.push_back(range.letters ? std::string(1, static_cast<char>(value))
                                  : fmt::format("{:0{}}", value, range.width));
  }
  return texts;
}

size_t bytes_of(const Texts& texts) {
  return std::accumulate(texts.begin(), texts.end(), size_t{0},
                         [](size_t sum, const std::string& each) { return sum + each.size(); });
}

/// How much may still be made. What is held already counts, so that the whole stays within it.
struct Room {
  size_t texts = kMaxTexts;
  size_t bytes = kMaxBytes;
};

class BraceExpansion {
 public:
  explicit BraceExpansion(std::string_view list) : list_(list) {}

  [[nodiscard]] Texts expand(std::string_view text, const Room& room) const {
    Texts texts(1);
    for (std::string_view rest = text; !rest.empty();) {
      const size_t open = rest.find('{');
      append_each(texts, {std::string(rest.substr(0, open))}, room);
      if (open == std::string_view::npos) break;
      const size_t close = closing_brace(rest, open, list_);
      const Room each{.texts = room.texts / texts.size(), .bytes = room.bytes / texts.size()};
      append_each(texts, expand_inside(rest.substr(open + 1, close - open - 1), each), room);
      rest.remove_prefix(close + 1);
    }
    return texts;
  }

 private:
  void check(size_t texts, size_t bytes, const Room& room) const {
    if (texts > room.texts || bytes > room.bytes)
      fail_list("the braces stand for more than a million texts or 256 MiB", list_,
                "name folders instead");
  }

  /// What the inside of one pair of braces stands for.
  [[nodiscard]] Texts expand_inside(std::string_view inside, const Room& room) const {
    const auto parts = split_at_commas(inside);
    Texts texts;
    if (parts.size() == 1) {
      if (const std::optional<Range> range = read_range(inside)) {
        check(range->count, range->count * range->longest, room);
        return texts_of(*range);
      }
      for (const std::string& each : expand(inside, room)) texts.push_back("{" + each + "}");
      return texts;
    }
    size_t bytes = 0;
    for (const std::string_view part : parts) {
      check(texts.size() + 1, bytes, room);
      Texts more = expand(part, {room.texts - texts.size(), room.bytes - bytes});
      bytes += bytes_of(more);
      std::move(more.begin(), more.end(), std::back_inserter(texts));
    }
    return texts;
  }

  /// Follows every text with every ending.
  void append_each(Texts& texts, const Texts& endings, const Room& room) const {
    check(texts.size() * endings.size(),
          bytes_of(texts) * endings.size() + bytes_of(endings) * texts.size(), room);
    if (endings.size() == 1) {
      for (std::string& each : texts) each += endings[0];
      return;
    }
    Texts followed;
    followed.reserve(texts.size() * endings.size());
    for (const std::string& each : texts)
      for (const std::string& ending : endings) followed.push_back(each + ending);
    texts = std::move(followed);
  }

  std::string_view list_;
};

/// The entry itself or, for a folder, the files in it with the shards' ending.
void add_entry(const std::string& entry, std::string_view ending,
               std::vector<std::string>& shards) {
  std::error_code error;
  if (entry.starts_with(kPipePrefix) || !fs::is_directory(entry, error)) {
    shards.push_back(entry);
    return;
  }
  std::vector<std::string> found;
  for (fs::directory_iterator file(entry, error); !error && file != fs::directory_iterator();
       file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (!name.starts_with('.') && name.ends_with(ending)) found.push_back(file->path().string());
  }
  if (error || found.empty()) {
    throw Error(ErrorKind::kMissingInput,
                {.what = error ? "cannot list the folder" : "no shards in the folder",
                 .where = entry,
                 .expected = fmt::format("files called *{}", ending),
                 .found = error ? access_problem(entry, error.value()) : ""});
  }
  std::sort(found.begin(), found.end());
  shards.insert(shards.end(), found.begin(), found.end());
}

void refuse_missing(const std::vector<std::string>& shards) {
  std::vector<std::string> missing;
  size_t count = 0;
  for (const std::string& shard : shards) {
    std::error_code error;
    if (shard.starts_with(kPipePrefix) || fs::exists(shard, error)) continue;
    if (++count <= kNamedShards) missing.push_back(shard);
  }
  if (count == 0) return;
  throw Error(ErrorKind::kMissingInput,
              {.what = fmt::format("{} of {} shards are not there", count, shards.size()),
               .where = missing[0],
               .found = fmt::format("missing are {}{}", fmt::join(missing, ", "),
                                    count > kNamedShards ? ", …" : ""),
               .hint = fs::path(missing[0]).is_absolute() ? "check the range in the braces"
                                                          : relative_path_hint(missing[0])});
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view text) {
  return BraceExpansion(text).expand(text, {});
}

std::vector<std::string> expand_shards(std::string_view list, std::string_view ending) {
  std::vector<std::string> shards;
  for (const std::string_view part : split_at(list, "::")) {
    if (part.empty()) fail_list("an entry of the shard list is empty", list, "remove the ::");
    for (const std::string& entry : expand_braces(part)) add_entry(entry, ending, shards);
  }
  refuse_missing(shards);
  return shards;
}

}  // namespace tandem
