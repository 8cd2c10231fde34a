#include "data/rows/text_rows.h"

#include "tandem/core/files.h"

namespace tandem {
namespace {

template <typename T>
std::string_view bytes_of(const LargeArray<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

void TextRows::add(std::string_view text) {
  text_.append(text.data(), text.size());
  ends_.push_back(text_.size());
}

void TextRows::shrink() {
  text_.shrink();
  ends_.shrink();
  row_begin_.shrink();
}

size_t TextRows::width(int64_t row) const {
  const auto r = static_cast<size_t>(row);
  const size_t end = r + 1 < row_begin_.size() ? row_begin_[r + 1] : ends_.size();
  return end - row_begin_[r];
}

std::string_view TextRows::at(int64_t row, size_t column) const {
  const size_t string = row_begin_[static_cast<size_t>(row)] + column;
  const size_t begin = string == 0 ? 0 : ends_[string - 1];
  return {text_.data() + begin, ends_[string] - begin};
}

std::string TextRows::hash() const {
  return content_hash(content_hash(bytes_of(text_)) + content_hash(bytes_of(ends_)) +
                      content_hash(bytes_of(row_begin_)));
}

}  // namespace tandem
