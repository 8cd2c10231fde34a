#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// What a column can give to a source of images and captions.
enum class ParquetKind {
  kText,      ///< A string per row.
  kTextList,  ///< A list of strings per row.
  kBytes,     ///< An image's bytes per row.
  kPicture,   ///< A struct of `bytes` and `path`, as Hugging Face datasets write an image.
  kOther,
};

struct ParquetColumn {
  std::string name = {};
  ParquetKind kind = ParquetKind::kOther;
  std::string type = {};  ///< In Arrow's words, for messages.
};

/// Strings of one row in one column: one, those of a list, or none where it is null. A kPicture
/// column gives its path.
using ParquetCell = std::vector<std::string>;

/// Where consecutive rows of a column of bytes lie in the file.
struct ParquetPage {
  int64_t first_row = 0;
  int64_t rows = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint64_t dictionary_offset = 0;
  uint64_t dictionary_bytes = 0;  ///< 0 for a page without a dictionary.
  int codec = 0;                  ///< Parquet's number of its compression.
};

/// A Parquet file's schema, its texts in order, and its images at any place. Holds no open file.
/// Const and thread-safe. Everything throws kMissingInput for a file that is not there, and kData
/// for one that is damaged, encrypted, or no Parquet; the constructor also when the build is
/// without Parquet, with what to do.
class ParquetFile {
 public:
  explicit ParquetFile(std::filesystem::path path);
  ~ParquetFile();
  ParquetFile(ParquetFile&&) noexcept;
  ParquetFile& operator=(ParquetFile&&) noexcept;

  [[nodiscard]] int64_t rows() const;
  /// Columns of the top level, in the file's order.
  [[nodiscard]] const std::vector<ParquetColumn>& columns() const;

  /// Calls `visit` for each row, in order, with the cells of `columns` (numbers into columns(),
  /// ascending). Holds a few thousand rows at a time.
  using VisitRow = std::function<void(const std::vector<ParquetCell>& cells)>;
  void read_texts(const std::vector<size_t>& columns, const VisitRow& visit) const;

  /// Finds the pages of a kBytes or kPicture column. Reads their headers only.
  [[nodiscard]] std::vector<ParquetPage> find_pages(size_t column) const;
  /// Returns the values of the page's rows; nothing where a value is null. `dictionary` and
  /// `content` are the bytes that `page` names.
  [[nodiscard]] std::vector<std::optional<std::string>> decode_page(size_t column,
                                                                    const ParquetPage& page,
                                                                    std::string_view dictionary,
                                                                    std::string_view content) const;

 private:
  struct Content;
  std::filesystem::path path_;
  std::unique_ptr<Content> content_;
};

}  // namespace tandem
