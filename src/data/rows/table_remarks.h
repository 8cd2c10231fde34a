#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/rows/delimited_reader.h"

namespace tandem {

/// Rows of a table that can be read and yet look wrong, counted while it is read: captions that are
/// not UTF-8, and quoted fields that hold line ends.
class TableRemarks {
 public:
  void add(const DelimitedRecord& record, std::string_view caption);
  /// Logs one warning for each kind, with the count and the first place.
  void tell(const std::string& path) const;

 private:
  int64_t not_utf8_ = 0;
  int64_t first_not_utf8_ = 0;  ///< Its line; likewise below.
  int64_t over_lines_ = 0;
  int64_t first_over_lines_ = 0;
  int64_t lines_of_first_ = 0;
};

}  // namespace tandem
