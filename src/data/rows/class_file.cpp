#include "data/rows/class_file.h"

#include <algorithm>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include <fmt/format.h>

#include "data/rows/text_input.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMaxClassFileBytes = size_t{16} << 20;

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\v\f";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

/// Lines as they stand, without their ends.
std::vector<std::string> lines_of(const fs::path& file) {
  TextInput input(file);
  std::vector<std::string> lines(1);
  size_t bytes = 0;
  for (int c = input.get(); c != TextInput::kEnd; c = input.get()) {
    if (++bytes > kMaxClassFileBytes) {
      throw Error(ErrorKind::kData, {.what = "too large for a list of class names",
                                     .where = file.string(),
                                     .expected = "at most 16 MiB"});
    }
    if (c == '\n')
      lines.emplace_back();
    else
      lines.back() += static_cast<char>(c);
  }
  return lines;
}

std::vector<std::string> as_words(std::vector<std::string> names) {
  for (std::string& name : names) std::replace(name.begin(), name.end(), '_', ' ');
  return names;
}

/// A folder and the name after it; the folder alone is its own name.
std::pair<std::string, std::string> split_entry(const std::string& entry) {
  size_t at = entry.find('\t');
  if (at == std::string::npos) at = entry.find_first_of(" ,");
  if (at == std::string::npos) return {entry, entry};
  return {entry.substr(0, at), trimmed(std::string_view(entry).substr(at + 1))};
}

[[noreturn]] void refuse(const fs::path& file, size_t line, const ErrorText& text) {
  throw Error(ErrorKind::kData, {.what = text.what,
                                 .where = fmt::format("{}, line {}", file.string(), line),
                                 .hint = text.hint});
}

}  // namespace

std::vector<std::string> read_class_file(const fs::path& file) {
  std::vector<std::string> lines;
  for (const std::string& line : lines_of(file)) lines.push_back(trimmed(line));
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.empty())
    throw Error(ErrorKind::kData, {.what = "the file has no class name", .where = file.string()});
  for (size_t label = 0; label < lines.size(); ++label) {
    if (lines[label].empty()) {
      refuse(file, label + 1,
             {.what = "the line is empty, and the line number is the label",
              .hint = fmt::format("write the name of class {} there", label)});
    }
    if (!is_utf8(lines[label]))
      refuse(file, label + 1, {.what = "the name is not UTF-8", .hint = "save the file as UTF-8"});
  }
  return lines;
}

std::vector<std::string> class_names_of_shards(const SourceOptions& options,
                                               const fs::path& shard) {
  fs::path file = options.class_names;
  for (const char* name : {"classes.txt", "classnames.txt"}) {
    std::error_code error;
    if (file.empty() && fs::exists(shard.parent_path() / name, error))
      file = shard.parent_path() / name;
  }
  return file.empty() ? std::vector<std::string>{} : as_words(read_class_file(file));
}

std::vector<std::string> names_of_folders(const SourceOptions& options,
                                          const std::vector<std::string>& folders) {
  if (options.classes.empty() && options.class_names.empty()) return as_words(folders);
  const std::vector<std::string> entries =
      options.classes.empty() ? read_class_file(options.class_names) : options.classes;
  std::unordered_map<std::string, std::string> name_of;
  for (const std::string& entry : entries) {
    const auto [folder, name] = split_entry(entry);
    name_of[folder] = name;
  }
  std::vector<std::string> names;
  std::string missing;
  for (const std::string& folder : folders) {
    const auto found = name_of.find(folder);
    if (found != name_of.end()) names.push_back(found->second);
    if (found == name_of.end() && missing.empty()) missing = folder;
  }
  if (missing.empty()) return as_words(names);
  if (names.empty() && entries.size() == folders.size()) return as_words(entries);
  throw Error(ErrorKind::kData,
              {.what = fmt::format("the class folder {} has no name", in_quotes(missing)),
               .where = options.classes.empty() ? options.class_names : "classes",
               .expected = fmt::format("\"folder<TAB>name\" for each folder, or {} names in the "
                                       "folders' order",
                                       folders.size()),
               .found = fmt::format("{} entries, {} of them for folders that are there",
                                    entries.size(), names.size())});
}

}  // namespace tandem
