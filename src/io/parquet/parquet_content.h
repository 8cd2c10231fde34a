#pragma once

#include <exception>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <arrow/memory_pool.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "io/parquet/parquet_file.h"
#include "tandem/core/error.h"

namespace tandem {

struct ParquetFile::Content {
  std::shared_ptr<parquet::FileMetaData> metadata = {};
  std::vector<ParquetColumn> columns = {};
  std::vector<std::vector<int>> text_leaves = {};  ///< Per column: what read_texts() decodes.
  std::vector<int> byte_leaves = {};               ///< Per column: that of the bytes, or -1.
};

/// The system's allocator: Arrow's own would be a second heap.
[[nodiscard]] inline parquet::ReaderProperties parquet_properties() {
  return parquet::ReaderProperties(arrow::system_memory_pool());
}

[[noreturn]] void fail_parquet(const std::filesystem::path& path, const char* words);

/// Runs `action` and turns what Arrow throws into kData. Errors of ours and a lack of memory pass.
template <typename Action>
auto with_parquet_errors(const std::filesystem::path& path, const Action& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    fail_parquet(path, error.what());
  }
}

}  // namespace tandem
