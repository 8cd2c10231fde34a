#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/fields/fields.h"
#include "config/json/json.h"
#include "config/json/problems.h"

namespace tandem::config {

/// Reads layers of settings (a file, TANDEM_SET, --set) into the members of a table's fields; a
/// later layer wins. First read, then apply.
class Reader {
 public:
  /// `table` must outlive the reader.
  Reader(const FieldTable& table, Problems& problems) : table_(table), problems_(problems) {}

  /// `name` stands for the text in messages.
  void read_text(std::string_view json, const std::string& name);
  /// `text` is "a.b.c=value"; `origin` says where it comes from.
  void read_override(const std::string& text, const std::string& origin);
  /// The text last given for `path`, empty if there is none: for presets, which come before all
  /// else.
  [[nodiscard]] std::string last_text(const std::string& path) const;
  /// Sets every member that was read.
  void apply();

  /// Where the value of `path` comes from ("run.json:3:9"); empty for a default.
  [[nodiscard]] std::string origin(const std::string& path) const;
  /// Whether a value for `path` was given that could not be used.
  [[nodiscard]] bool has_failed(const std::string& path) const { return failed_.contains(path); }
  /// Whether the text was no JSON at all.
  [[nodiscard]] bool is_unreadable() const { return unreadable_; }

 private:
  struct Assignment {
    const Field* field;
    JsonValue value;
    std::string origin;
  };

  [[nodiscard]] std::string place(Position at) const;
  void read_object(const JsonValue& object, const std::string& section);
  void read_member(const JsonMember& member, const std::string& section);
  void unknown_key(const std::string& section, const std::string& key, const std::string& where);
  void report_replaced(const Assignment& before, const Assignment& after) const;

  const FieldTable& table_;
  Problems& problems_;
  std::string layer_;      // what the values being read come from
  bool has_lines_ = true;  // whether positions mean something there
  bool unreadable_ = false;
  std::vector<Assignment> assignments_;
  std::map<std::string, std::string> origins_;
  std::set<std::string> failed_;
};

}  // namespace tandem::config
