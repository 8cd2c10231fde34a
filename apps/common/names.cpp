#include "common/names.h"

#include "common/text_io.h"
#include "tandem/core/error.h"

namespace tandem::apps {
namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(kSpace) - first + 1));
}

}  // namespace

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  for (;;) {
    const size_t comma = list.find(',');
    names.push_back(trimmed(list.substr(0, comma)));
    if (comma == std::string_view::npos) return names;
    list.remove_prefix(comma + 1);
  }
}

std::vector<std::string> read_names(const std::filesystem::path& path) {
  std::vector<std::string> names;
  for (const std::string& line : read_lines(path)) {
    std::string name = trimmed(line);
    if (!name.empty()) names.push_back(std::move(name));
  }
  if (names.empty()) {
    throw Error(ErrorKind::kData, {.what = "the file holds no line of text",
                                   .where = path.string(),
                                   .expected = "one entry per line"});
  }
  return names;
}

}  // namespace tandem::apps
