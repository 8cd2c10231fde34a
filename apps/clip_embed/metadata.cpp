#include "clip_embed/metadata.h"

#include <optional>
#include <vector>

#include "common/records/json_names.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/io/parquet.h"

namespace tandem::apps {

using Json = nlohmann::ordered_json;

// One of the two files. Parquet's waits for the first row, whose strings are its columns.
struct MetadataFile::Content {
  std::filesystem::path path;
  std::optional<FileWriter> lines;
  std::unique_ptr<ParquetWriter> table;
  std::vector<std::string> columns;
};

void check_metadata_format(const std::string& format) {
  if (format != "jsonl" && format != "parquet") {
    throw Error(
        ErrorKind::kUsage,
        {.what = "unknown --metadata-format", .expected = "jsonl or parquet", .found = format});
  }
  if (format == "parquet" && !has_parquet()) {
    throw Error(ErrorKind::kUsage,
                {.what = "this build of Tandem does not support Parquet",
                 .where = "--metadata-format",
                 .hint = "jsonl, or scripts/setup.sh and a build with -DTANDEM_PARQUET=ON"});
  }
}

MetadataFile::MetadataFile(const std::filesystem::path& folder, const std::string& format)
    : content_(std::make_unique<Content>()) {
  check_metadata_format(format);
  tandem::create_directories(folder);
  content_->path = folder / ("metadata_0." + format);
  if (format == "jsonl") content_->lines.emplace(content_->path);
}

MetadataFile::~MetadataFile() = default;

void MetadataFile::add(const Json& row) {
  const std::string line = one_line(row);
  if (content_->lines) return content_->lines->write(line + "\n");
  if (!content_->table) {
    for (const auto& [key, value] : row.items())
      if (value.is_string()) content_->columns.push_back(key);
    content_->table = std::make_unique<ParquetWriter>(content_->path, content_->columns);
  }
  const Json written = Json::parse(line);
  std::vector<std::optional<std::string>> cells;
  for (const std::string& column : content_->columns)
    cells.emplace_back(written.at(column).get<std::string>());
  content_->table->add(cells);
}

void MetadataFile::commit() {
  if (content_->lines) content_->lines->commit();
  if (content_->table) content_->table->commit();
}

}  // namespace tandem::apps
