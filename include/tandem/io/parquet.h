#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

/// Whether this build reads and writes Parquet (docs/data.md says how to build it in).
[[nodiscard]] bool has_parquet();

/// A Parquet file with columns of strings, written row by row and compressed with zstd. Like
/// FileWriter, it is removed unless commit() has made it durable. Throws kUsage when the build is
/// without Parquet, kCannotCreate and kIo. Not thread-safe.
class ParquetWriter {
 public:
  ParquetWriter(const std::filesystem::path& path, const std::vector<std::string>& columns);
  ~ParquetWriter();
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  /// Adds a row: one UTF-8 string per column, or nothing for null.
  void add(const std::vector<std::optional<std::string>>& row);
  void commit();

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace tandem
