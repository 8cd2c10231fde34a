#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tandem {

/// A value of a JSON file together with its place in it, so that each complaint can name it.
class JsonView {
 public:
  JsonView(const nlohmann::json& value, std::string path)
      : value_(&value), path_(std::move(path)) {}

  [[nodiscard]] const nlohmann::json& value() const { return *value_; }
  [[nodiscard]] const std::string& path() const { return path_; }  ///< `file: model.vocab`
  /// Whether the object has the key with a value other than null.
  [[nodiscard]] bool has(const char* key) const;

  /// Return a member or an element. Throw kCheckpoint when it is not there.
  [[nodiscard]] JsonView at(const char* key) const;
  [[nodiscard]] std::vector<JsonView> elements() const;

  /// Returns the steps below `key` of a "Sequence" that is inside `depth` others. Throws
  /// kCheckpoint when they are too many.
  [[nodiscard]] std::vector<JsonView> sequence(const char* key, int depth) const;

  /// Return the value as a type. Throw kCheckpoint when it is of another one.
  [[nodiscard]] const std::string& string() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] int64_t integer(int64_t least, int64_t most) const;
  [[nodiscard]] double number() const;
  [[nodiscard]] char32_t character() const;

  /// Return a member, or `otherwise` when it is missing or null.
  [[nodiscard]] std::string string_or(const char* key, const std::string& otherwise) const;
  [[nodiscard]] bool boolean_or(const char* key, bool otherwise) const;

  /// Throws kCheckpoint about this value.
  [[noreturn]] void reject(std::string what, std::string expected = {}) const;

 private:
  const nlohmann::json* value_;
  std::string path_;
};

/// Parses a JSON file. Throws kCheckpoint when it is no JSON, repeats a key, is nested deeper than
/// any tokenizer, or holds a string that is not UTF-8.
[[nodiscard]] nlohmann::json parse_tokenizer_json(std::string_view text, const std::string& where);

}  // namespace tandem
