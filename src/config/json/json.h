#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

constexpr size_t kMaxJsonBytes = size_t{16} << 20;
constexpr size_t kMaxJsonValues = size_t{1} << 18;

/// Both count from 1; columns count characters, not bytes. 0 stands for unknown.
struct Position {
  int64_t line = 0;
  int64_t column = 0;
};

enum class JsonKind { kNull, kBool, kNumber, kString, kArray, kObject };

struct JsonMember;

/// A JSON value that knows its position. Numbers stay as written, so that nothing is lost before
/// the reader knows which type is wanted; duplicate keys stay too.
struct JsonValue {
  JsonKind kind = JsonKind::kNull;
  Position at;
  std::string text;  ///< The string decoded, the number's literal, or true or false.
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;
};

struct JsonMember {
  std::string key;
  Position at;
  JsonValue value;
};

/// Text that is not JSON, with the place where that shows.
class JsonError : public std::runtime_error {
 public:
  JsonError(Position at, const std::string& what) : std::runtime_error(what), at_(at) {}
  [[nodiscard]] Position at() const noexcept { return at_; }

 private:
  Position at_;
};

/// Returns the value that `text` holds. Strict RFC 8259 in UTF-8; a byte order mark in front is
/// skipped. Throws JsonError, also beyond kMaxJsonDepth and the two limits above.
[[nodiscard]] JsonValue parse_json(std::string_view text);

/// Returns the value as a message shows it: shortened, with its kind where the text does not tell.
[[nodiscard]] std::string show_json(const JsonValue& value);

}  // namespace tandem::config
