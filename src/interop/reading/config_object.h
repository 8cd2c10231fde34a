#pragma once

#include <array>
#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tandem {

using Json = nlohmann::ordered_json;

/// Reads a JSON file of at most 16 MB. Throws kMissingInput, and kCheckpoint when it is not JSON or
/// not an object at the top.
[[nodiscard]] Json read_json_object(const std::filesystem::path& file);

/// Returns a value as messages show it: on one line, in ASCII, cut when it is long.
[[nodiscard]] std::string shown(const Json& value);

/// A value that a field has in every model of ours: any other one changes numbers.
struct RequiredValue {
  std::string_view key;
  std::string_view json;  ///< As JSON text; `null` and an absent key are fine, too.
};

/// A JSON object of somebody else's configuration, read field by field. What nobody asked for and
/// nobody knows to be harmless is an error, because it may change numbers. All throw kCheckpoint
/// with the file and the field.
class ConfigObject {
 public:
  /// `where` names the object in messages: "config.json: text_config".
  ConfigObject(Json object, std::string where);

  /// Return the field, or `fallback` when it is absent or null.
  [[nodiscard]] int64_t integer(std::string_view key, int64_t fallback);
  /// A side of a square: one whole number, or two equal ones.
  [[nodiscard]] int64_t side(std::string_view key, int64_t fallback);
  [[nodiscard]] double number(std::string_view key, double fallback);
  [[nodiscard]] bool flag(std::string_view key, bool fallback);
  [[nodiscard]] std::string text(std::string_view key, std::string_view fallback);
  /// One number counts for all three.
  [[nodiscard]] std::array<double, 3> three_numbers(std::string_view key,
                                                    const std::array<double, 3>& fallback);
  /// Returns the object of this name; an empty one when it is absent or null.
  [[nodiscard]] ConfigObject object(std::string_view key);
  /// Returns the raw value, null when absent, and counts it as read.
  [[nodiscard]] Json raw(std::string_view key);
  [[nodiscard]] bool has(std::string_view key) const;
  /// Whether the key is there with the value null.
  [[nodiscard]] bool is_null(std::string_view key) const;

  /// Checks that each field, where it is there, has the one value that our models have.
  void require(std::span<const RequiredValue> values);
  /// Counts these fields as known at any value: they cannot change numbers.
  void allow(std::span<const std::string_view> harmless);
  /// Throws with every field that was neither read, required nor allowed. Null counts as absent.
  void finish() const;
  [[noreturn]] void refuse(std::string_view key, const std::string& expected) const;
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  [[nodiscard]] const Json* find(std::string_view key);

  Json object_;
  std::string where_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace tandem
