#include <algorithm>
#include <cctype>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "data/captions/caption_layouts.h"
#include "data/rows/text_input.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

/// First bytes of the file, a byte order mark left out.
std::string head_of(const std::string& path) {
  TextInput input(path);
  std::string head;
  while (head.size() < 4096 && input.peek() != TextInput::kEnd)
    head += static_cast<char>(input.get());
  return head;
}

char first_letter(const std::string& head) {
  const auto found = std::find_if_not(head.begin(), head.end(),
                                      [](unsigned char c) { return std::isspace(c) != 0; });
  return found == head.end() ? '\0' : *found;
}

}  // namespace

ManifestRows read_caption_file(const SourceOptions& options) {
  const std::string head = head_of(options.path);
  const char first = first_letter(head);
  if (first == '\0')
    throw Error(ErrorKind::kData, {.what = "the caption file is empty", .where = options.path});
  CaptionFile file;
  if (first == '{' || first == '[')
    file = read_caption_json(options);
  else
    file = read_flickr(options, head.substr(0, head.find('\n')));
  log_info(fmt::format("{}: read as {}, {} images.", options.path, file.layout,
                       file.manifest.rows.size()));
  if (!options.splits.empty() && !file.has_splits) {
    throw Error(ErrorKind::kConfig, {.what = "splits are set, but the caption file has no splits",
                                     .where = options.path,
                                     .found = file.layout});
  }
  if (file.manifest.rows.size() == 0)
    throw Error(
        ErrorKind::kData,
        {.what = "the caption file has no images", .where = options.path, .found = file.layout});
  file.manifest.rows.shrink();
  return std::move(file.manifest);
}

}  // namespace tandem
