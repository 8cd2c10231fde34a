#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/rows/text_input.h"

namespace tandem {

/// One record of a table.
struct DelimitedRecord {
  int64_t line = 0;   ///< Line that it begins on, from 1.
  int64_t lines = 1;  ///< Lines that it takes: more than one with line ends in quotes.
  std::vector<std::string> fields = {};
};

/// Reads separated values record by record, after RFC 4180: fields in double quotes may hold the
/// separator, line ends and, written twice, quotes; lines end in LF or CRLF, the last one also in
/// nothing. Empty lines are skipped. A field that only begins with a quoted word (`"Red"
/// stamp`) is taken as it is.
class DelimitedReader {
 public:
  /// Without `quotes`, a double quote is a character like any other. Throws as TextInput.
  DelimitedReader(const std::filesystem::path& path, char separator, bool quotes = true);
  /// Reads the next record; false at the end. Throws kData with the line number for a quote that is
  /// never closed and for a record over kMaxRecordBytes.
  bool next(DelimitedRecord& record);

 private:
  enum class Stop { kSeparator, kLineEnd, kEnd };
  Stop read_field(std::string& field);
  void read_quoted(std::string& field);
  Stop read_plain(std::string& field);
  int take();
  [[noreturn]] void fail(int64_t line, const char* what, const char* hint) const;

  TextInput input_;
  int separator_;
  bool quotes_;
  int64_t line_ = 1;
  int64_t record_line_ = 1;
  size_t record_bytes_ = 0;
};

}  // namespace tandem
