#include "data/rows/table_remarks.h"

#include <fmt/format.h>

#include "tandem/core/log.h"
#include "tandem/core/text.h"

namespace tandem {

void TableRemarks::add(const DelimitedRecord& record, std::string_view caption) {
  if (!is_utf8(caption) && ++not_utf8_ == 1) first_not_utf8_ = record.line;
  if (record.lines > 1 && ++over_lines_ == 1) {
    first_over_lines_ = record.line;
    lines_of_first_ = record.lines;
  }
}

void TableRemarks::tell(const std::string& path) const {
  if (not_utf8_ > 0) {
    log_warn(
        fmt::format("{}: {} captions are not UTF-8, the first on line {}: each invalid byte "
                    "becomes U+FFFD. Save the file as UTF-8.",
                    path, not_utf8_, first_not_utf8_));
  }
  if (over_lines_ > 0) {
    log_warn(
        fmt::format("{}: {} rows have a quoted field with line ends in it, the first from "
                    "line {} over {} lines. If these are several rows, a quote inside a quoted "
                    "field is not doubled.",
                    path, over_lines_, first_over_lines_, lines_of_first_));
  }
}

}  // namespace tandem
