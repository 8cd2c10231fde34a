#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/files/shard_files.h"
#include "io/parquet/parquet_file.h"

namespace tandem {

/// A Parquet file whose column of bytes holds images.
struct ParquetPart {
  std::filesystem::path path = {};
  FileStamp stamp = {};  ///< When it was opened.
  ParquetFile file;
  size_t column = 0;
  std::vector<ParquetPage> pages = {};
};

/// Images inside of Parquet files, by the number of their row over all files. A read decodes the
/// page that holds the row; pages read last are kept, 256 MiB of them. Const and thread-safe.
class ParquetPictures {
 public:
  explicit ParquetPictures(std::vector<ParquetPart> parts);
  ~ParquetPictures();

  /// The bytes of row `row`, nothing where it is null. Throws as ShardFiles::read,
  /// and "damaged member" for a page that cannot be decoded.
  [[nodiscard]] std::optional<std::string> read(int64_t row) const;
  /// `file:row`, rows counted from 1 in each file.
  [[nodiscard]] std::string name(int64_t row) const;
  /// Hash of where every page lies.
  [[nodiscard]] std::string hash() const;

 private:
  class Cache;
  [[nodiscard]] size_t part_of(int64_t row) const;

  std::vector<ParquetPart> parts_;
  std::vector<int64_t> first_rows_;  ///< Of each part.
  std::unique_ptr<ShardFiles> files_;
  std::unique_ptr<Cache> cache_;
};

}  // namespace tandem
