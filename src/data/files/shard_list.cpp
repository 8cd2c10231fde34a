#include "data/files/shard_list.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/files/access_problem.h"
#include "data/files/braces.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr size_t kNamedShards = 3;

std::vector<std::string_view> split_at(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> parts;
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.push_back(text);
  return parts;
}

[[noreturn]] void fail_list(std::string what, std::string_view list, std::string hint) {
  throw Error(ErrorKind::kConfig,
              {.what = std::move(what), .where = in_quotes(list), .hint = std::move(hint)});
}

std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries;
  for (const std::string_view part : split_at(list, "::")) {
    if (part.empty()) fail_list("an entry of the shard list is empty", list, "remove the ::");
    std::vector<std::string> more = expand_braces(part);
    if (entries.size() + more.size() > kMaxBraceTexts)
      fail_list("the list expands to more than a million shards", list, "name folders instead");
    std::move(more.begin(), more.end(), std::back_inserter(entries));
  }
  return entries;
}

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
              {.what = fmt::format("{} of {} shards do not exist", count, shards.size()),
               .where = missing[0],
               .found = fmt::format("missing are {}{}", fmt::join(missing, ", "),
                                    count > kNamedShards ? ", …" : ""),
               .hint = fs::path(missing[0]).is_absolute() ? "check the range in the braces"
                                                          : relative_path_hint(missing[0]),
               .reason = "missing file"});
}

}  // namespace

std::vector<std::string> expand_shards(std::string_view list, std::string_view ending) {
  std::vector<std::string> shards;
  for (const std::string& entry : entries_of(list)) add_entry(entry, ending, shards);
  refuse_missing(shards);
  return shards;
}

}  // namespace tandem
