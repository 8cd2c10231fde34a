#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "data/manifest/manifest.h"
#include "data/rows/delimited_reader.h"
#include "data/rows/table_remarks.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr size_t kShownColumns = 12;
constexpr size_t kShownBytes = 40;

char parse_separator(const std::string& text) {
  if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r") return text[0];
  throw Error(ErrorKind::kConfig, {.what = "invalid separator",
                                   .where = "separator",
                                   .expected = "one character such as a tab, ',', ';' or '|'",
                                   .found = fmt::format("\"{}\"", text)});
}

std::string name_of(char separator) {
  return separator == '\t' ? "a tab" : fmt::format("'{}'", separator);
}

std::string list(const std::vector<std::string>& columns) {
  std::string text;
  for (size_t i = 0; i < columns.size() && i < kShownColumns; ++i) {
    const bool cut = columns[i].size() > kShownBytes;
    text += fmt::format("{}\"{}{}\"", i == 0 ? "" : ", ", columns[i].substr(0, kShownBytes),
                        cut ? "…" : "");
  }
  if (columns.size() > kShownColumns)
    text += fmt::format(" and {} more", columns.size() - kShownColumns);
  return text;
}

/// Another separator under which the header's one column falls apart, 0 for none.
char likely_separator(const std::vector<std::string>& columns, const SourceOptions& options) {
  if (columns.size() != 1) return 0;
  for (const char candidate : std::string_view("\t,;|")) {
    const bool splits = columns[0].find(candidate) != std::string::npos;
    if (splits && std::string_view(options.separator) != std::string_view(&candidate, 1))
      return candidate;
  }
  return 0;
}

size_t find_column(const DelimitedRecord& header, const std::string& key, const char* option,
                   const SourceOptions& options) {
  const auto& columns = header.fields;
  const auto count = std::count(columns.begin(), columns.end(), key);
  if (count == 1)
    return static_cast<size_t>(std::find(columns.begin(), columns.end(), key) - columns.begin());
  const std::string where = fmt::format("{}, line {}", options.path, header.line);
  if (count > 1) {
    throw Error(ErrorKind::kData,
                {.what = fmt::format("column \"{}\" appears {} times in the header", key, count),
                 .where = where,
                 .found = "columns " + list(columns),
                 .hint = "rename all but one"});
  }
  const char other = likely_separator(columns, options);
  const std::string hint =
      other == 0
          ? fmt::format("set {} to one of the columns found", option)
          : fmt::format("the separator seems to be {0}; set separator to {0}", name_of(other));
  throw Error(ErrorKind::kData, {.what = fmt::format("no column \"{}\" ({})", key, option),
                                 .where = where,
                                 .found = fmt::format("columns {}", list(columns)),
                                 .hint = hint});
}

void check_width(const DelimitedRecord& record, const std::vector<std::string>& columns,
                 const SourceOptions& options) {
  if (record.fields.size() == columns.size()) return;
  throw Error(ErrorKind::kData,
              {.what = "wrong number of columns",
               .where = fmt::format("{}, line {}", options.path, record.line),
               .expected = fmt::format("{} ({})", columns.size(), list(columns)),
               .found = fmt::format("{} ({})", record.fields.size(), list(record.fields)),
               .hint = "put a field that holds the separator or a line end in double quotes"});
}

}  // namespace

ManifestRows read_table(const SourceOptions& options) {
  DelimitedReader reader(options.path, parse_separator(options.separator));
  DelimitedRecord record;
  if (!reader.next(record)) {
    throw Error(ErrorKind::kData,
                {.what = "the table is empty",
                 .where = options.path,
                 .expected = fmt::format("a header line with the columns \"{}\" and \"{}\"",
                                         options.image_key, options.caption_key)});
  }
  const std::vector<std::string> columns = record.fields;
  const size_t image = find_column(record, options.image_key, "image_key", options);
  const size_t caption = find_column(record, options.caption_key, "caption_key", options);

  ManifestRows manifest;
  TableRemarks remarks;
  while (reader.next(record)) {
    check_width(record, columns, options);
    const int64_t row = manifest.rows.size();
    manifest.rows.begin_row();
    manifest.rows.add(record.fields[image]);
    manifest.rows.add(record.fields[caption]);
    remarks.add(record, record.fields[caption]);
    if (!record.fields[image].empty()) continue;
    manifest.bad[row] = {.what = "no image path",
                         .where = fmt::format("{}:{}", options.path, record.line),
                         .reason = "bad record"};
  }
  if (manifest.rows.size() == 0) {
    throw Error(ErrorKind::kData, {.what = "the table has a header and no rows",
                                   .where = options.path,
                                   .found = "columns " + list(columns)});
  }
  remarks.tell(options.path);
  manifest.rows.shrink();
  return manifest;
}

}  // namespace tandem
