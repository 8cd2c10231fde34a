#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace tandem::apps {

/// What clip-embed writes of each embedded item, row by row.
class MetadataFile {
 public:
  /// Makes `folder`/metadata_0.jsonl or, for the format "parquet", `folder`/metadata_0.parquet, as
  /// clip-retrieval does. Throws kUsage for another format and for a build without Parquet.
  MetadataFile(const std::filesystem::path& folder, const std::string& format);
  ~MetadataFile();

  /// Adds a row of strings. All rows have the keys of the first one.
  void add(const nlohmann::ordered_json& row);
  void commit();

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

/// Throws kUsage for what MetadataFile does not write.
void check_metadata_format(const std::string& format);

}  // namespace tandem::apps
