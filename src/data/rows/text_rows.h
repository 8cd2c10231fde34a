#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/rows/large_array.h"

namespace tandem {

/// Rows of strings in one block of memory: beside the text itself, 8 bytes per string and 8 per
/// row.
class TextRows {
 public:
  /// Begins a row; add() then appends strings to it.
  void begin_row() { row_begin_.push_back(ends_.size()); }
  void add(std::string_view text);
  /// Gives back what growing has reserved beyond need.
  void shrink();

  [[nodiscard]] int64_t size() const { return static_cast<int64_t>(row_begin_.size()); }
  /// Number of strings of `row`.
  [[nodiscard]] size_t width(int64_t row) const;
  [[nodiscard]] std::string_view at(int64_t row, size_t column) const;
  /// Hash of every row, in order.
  [[nodiscard]] std::string hash() const;

 private:
  LargeArray<char> text_;
  LargeArray<uint64_t> ends_;
  LargeArray<uint64_t> row_begin_;
};

}  // namespace tandem
