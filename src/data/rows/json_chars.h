#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace tandem {

/// The characters of a JSON text, for nlohmann's parser. NaN, Infinity and -Infinity, which
/// Python's json module writes and JSON does not have, come out as null.
class JsonChars {
 public:
  static constexpr int kEnd = -1;

  /// `next` gives one byte after the other, then kEnd.
  explicit JsonChars(std::function<int()> next) : next_(std::move(next)) {}
  /// The next character, or kEnd.
  int get();
  /// Place of the byte taken last, both from 1.
  [[nodiscard]] int64_t line() const { return line_; }
  [[nodiscard]] int64_t column() const { return column_; }

 private:
  int take();
  int peek();

  std::function<int()> next_;
  int held_ = kEnd;  ///< Seen by peek() and not taken yet.
  bool is_held_ = false;
  std::string word_;  ///< To be given before more is taken.
  size_t word_next_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  int64_t line_ = 1;
  int64_t column_ = 0;
};

/// JsonChars as a pair of input iterators.
class JsonCharIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  /// The end.
  JsonCharIterator() = default;
  explicit JsonCharIterator(JsonChars& chars) : chars_(&chars) { ++*this; }
  reference operator*() const { return value_; }
  JsonCharIterator& operator++() {
    const int next = chars_->get();
    if (next == JsonChars::kEnd) chars_ = nullptr;
    value_ = static_cast<char>(next);
    return *this;
  }
  bool operator==(const JsonCharIterator& other) const { return chars_ == other.chars_; }

 private:
  JsonChars* chars_ = nullptr;
  char value_ = 0;
};

/// Watches nlohmann's parser: throws kData ("bad record") for a key that occurs twice in
/// one object and for nesting deeper than 64.
class JsonGuard {
 public:
  void see(nlohmann::json::parse_event_t event, const nlohmann::json& value);

 private:
  std::vector<std::vector<std::string>> keys_;  ///< Of each object or list that is open.
};

/// Returns the JSON value that `text` holds, with null for Python's NaN and Infinity. Throws
/// kData: "not UTF-8"; or "bad record" for what is not JSON, a key twice in one object,
/// and nesting deeper than 64.
[[nodiscard]] nlohmann::json parse_json_record(const std::string& text);

}  // namespace tandem
