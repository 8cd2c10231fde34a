#include "data/rows/delimited_reader.h"

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {

DelimitedReader::DelimitedReader(const std::filesystem::path& path, char separator, bool quotes)
    : input_(path), separator_(static_cast<unsigned char>(separator)), quotes_(quotes) {}

void DelimitedReader::fail(int64_t line, const char* what, const char* hint) const {
  throw Error(
      ErrorKind::kData,
      {.what = what, .where = fmt::format("{}, line {}", input_.name(), line), .hint = hint});
}

int DelimitedReader::take() {
  const int c = input_.get();
  if (c == '\n') ++line_;
  if (++record_bytes_ > kMaxRecordBytes)
    fail(record_line_, "the record that begins here is longer than 16 MiB",
         "check the separator, the line ends and the quotes");
  return c;
}

bool DelimitedReader::next(DelimitedRecord& record) {
  while (true) {
    record_line_ = line_;
    record_bytes_ = 0;
    record.line = line_;
    size_t count = 0;
    Stop stop = Stop::kSeparator;
    while (stop == Stop::kSeparator) {
      if (count == record.fields.size()) record.fields.emplace_back();
      std::string& field = record.fields[count++];
      field.clear();
      stop = read_field(field);
    }
    record.fields.resize(count);
    record.lines = line_ - record_line_ + (stop == Stop::kEnd ? 1 : 0);
    const bool empty = count == 1 && record.fields[0].empty();
    if (!empty) return true;
    if (stop == Stop::kEnd) return false;
  }
}

DelimitedReader::Stop DelimitedReader::read_field(std::string& field) {
  if (quotes_ && input_.peek() == '"') read_quoted(field);
  return read_plain(field);
}

void DelimitedReader::read_quoted(std::string& field) {
  const int64_t opened = line_;
  std::string raw(1, static_cast<char>(take()));
  while (true) {
    const int c = take();
    if (c == TextInput::kEnd)
      fail(opened, "a quote opened on this line is never closed",
           "close it, or write a quote that is part of the text twice, in a quoted field");
    raw += static_cast<char>(c);
    if (c != '"') {
      field += static_cast<char>(c);
    } else if (input_.peek() == '"') {
      raw += static_cast<char>(take());
      field += '"';
    } else {
      break;
    }
  }
  const int next = input_.peek();
  const bool closed = next == separator_ || next == '\n' || next == '\r' || next == TextInput::kEnd;
  if (closed) return;
  if (line_ != opened)
    fail(opened, "a quoted field that begins on this line has text after its closing quote",
         "write a quote that is part of the text twice, in a quoted field");
  field = raw;
}

DelimitedReader::Stop DelimitedReader::read_plain(std::string& field) {
  while (true) {
    const int c = take();
    if (c == TextInput::kEnd) return Stop::kEnd;
    if (c == separator_) return Stop::kSeparator;
    if (c == '\n') return Stop::kLineEnd;
    if (c == '\r' && input_.peek() == '\n') continue;
    field += static_cast<char>(c);
  }
}

}  // namespace tandem
