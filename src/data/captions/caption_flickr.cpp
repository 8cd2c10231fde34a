#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "data/captions/caption_layouts.h"
#include "data/rows/delimited_reader.h"
#include "data/rows/table_remarks.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

/// Where image and caption stand in one of Flickr's layouts.
struct Layout {
  const char* name = nullptr;
  char separator = '\t';
  bool has_header = false;
  size_t columns = 2;
  size_t caption = 1;
};

std::string trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

/// `name.jpg#3<TAB>…`
bool is_numbered(const std::string& line) {
  const size_t tab = line.find('\t');
  const size_t mark = line.rfind('#', tab);
  return tab != std::string::npos && mark != std::string::npos && mark + 1 < tab &&
         line.find_first_not_of("0123456789", mark + 1) == tab;
}

Layout recognize(const SourceOptions& options, const std::string& first_line) {
  const std::string line = trim(first_line);
  if (line == "image,caption")
    return {.name = "Flickr's table", .separator = ',', .has_header = true};
  if (line.starts_with("image_name|"))
    return {.name = "Flickr30k's table",
            .separator = '|',
            .has_header = true,
            .columns = 3,
            .caption = 2};
  if (is_numbered(first_line)) return {.name = "Flickr's numbered captions"};
  throw Error(ErrorKind::kData,
              {.what = "a caption file of unknown layout",
               .where = options.path,
               .expected = "JSON of COCO, Karpathy or BLIP; or, from Flickr, the first line "
                           "\"image,caption\", \"image_name|…\" or \"name.jpg#0<TAB>caption\"",
               .found = fmt::format("\"{}\"", line.substr(0, 80)),
               .hint = "kind table reads any other table, kind jsonl JSON lines"});
}

/// A record with too many fields has the separator in its caption. One row of Flickr30k's table
/// lacks the separator after its number (`2199200615.jpg| 4   A dog runs across the grass .`).
std::string caption_of(const DelimitedRecord& record, const Layout& layout) {
  if (record.fields.size() == 2 && layout.columns == 3) {
    const std::string text = trim(record.fields[1]);
    return trim(text.substr(std::min(text.find_first_not_of("0123456789"), text.size())));
  }
  std::string caption = record.fields[layout.caption];
  for (size_t i = layout.columns; i < record.fields.size(); ++i)
    caption += layout.separator + record.fields[i];
  return trim(caption);
}

}  // namespace

CaptionFile read_flickr(const SourceOptions& options, const std::string& first_line) {
  const Layout layout = recognize(options, first_line);
  DelimitedReader reader(options.path, layout.separator, layout.separator == ',');
  DelimitedRecord record;
  if (layout.has_header) (void)reader.next(record);
  std::unordered_map<std::string, size_t> place;
  std::vector<std::pair<std::string, CaptionSet>> pictures;
  TableRemarks remarks;
  while (reader.next(record)) {
    const std::string where = fmt::format("{}, line {}", options.path, record.line);
    if (record.fields.size() < 2) {
      throw Error(ErrorKind::kData, {.what = "wrong number of columns",
                                     .where = where,
                                     .expected = fmt::format("{}", layout.columns),
                                     .found = std::to_string(record.fields.size())});
    }
    std::string image = trim(record.fields[0]);
    if (layout.separator == '\t') image.resize(std::min(image.rfind('#'), image.size()));
    if (image.empty()) throw Error(ErrorKind::kData, {.what = "no image name", .where = where});
    const auto [found, is_new] = place.emplace(image, pictures.size());
    if (is_new) pictures.emplace_back(std::move(image), CaptionSet{});
    CaptionSet& captions = pictures[found->second].second;
    captions.texts.push_back(caption_of(record, layout));
    remarks.add(record, captions.texts.back());
    captions.languages.push_back(0);
  }
  remarks.tell(options.path);
  CaptionFile file{.layout = layout.name};
  for (const auto& [image, captions] : pictures)
    add_row(file.manifest.rows, image, captions, false);
  return file;
}

}  // namespace tandem
