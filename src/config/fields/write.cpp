#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "config/fields/field_value.h"
#include "tandem/config/load.h"

namespace tandem {
namespace {

std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> parts;
  size_t start = 0;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', start)) {
    parts.push_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  parts.push_back(path.substr(start));
  return parts;
}

/// Writes dotted paths, given section by section, as nested objects.
class ObjectWriter {
 public:
  void add(const std::string& path, const std::string& value) {
    std::vector<std::string> sections = split_path(path);
    const std::string key = std::move(sections.back());
    sections.pop_back();
    size_t common = 0;
    while (common < sections.size() && common < open_.size() && sections[common] == open_[common])
      ++common;
    while (open_.size() > common) close();
    while (open_.size() < sections.size()) {
      begin_member(sections[open_.size()]);
      text_ += '{';
      open_.push_back(sections[open_.size()]);
      is_first_ = true;
    }
    begin_member(key);
    text_ += value;
  }

  std::string finish() {
    while (!open_.empty()) close();
    return text_ + "\n}";
  }

 private:
  void begin_member(const std::string& key) {
    text_ += fmt::format("{}\n{:{}}\"{}\": ", is_first_ ? "" : ",", "", indent(), key);
    is_first_ = false;
  }

  void close() {
    open_.pop_back();
    text_ += fmt::format("\n{:{}}}}", "", indent());
    is_first_ = false;
  }

  [[nodiscard]] size_t indent() const { return 2 * (open_.size() + 1); }

  std::string text_ = "{";
  std::vector<std::string> open_;
  bool is_first_ = true;
};

std::string write(const config::FieldTable& table) {
  ObjectWriter writer;
  for (const config::Field& field : table.fields()) {
    const std::string value = config::value_text(field);
    if (!value.empty()) writer.add(field.path, value);
  }
  return writer.finish();
}

}  // namespace

std::string to_json(const RunConfig& config) {
  RunConfig copy = config;
  return write(config::field_table(copy));
}

std::string to_json(const ModelConfig& config) {
  ModelConfig copy = config;
  return write(config::field_table(copy));
}

std::vector<ConfigDifference> config_differences(const RunConfig& before, const RunConfig& after) {
  RunConfig old_copy = before;
  RunConfig new_copy = after;
  const config::FieldTable old_table = config::field_table(old_copy);
  const config::FieldTable new_table = config::field_table(new_copy);
  const auto shown = [](const config::Field& field) {
    const std::string value = config::value_text(field);
    return value.empty() ? std::string("unset") : value;
  };
  std::vector<ConfigDifference> differences;
  for (size_t i = 0; i < old_table.fields().size(); ++i) {
    const config::Field& field = old_table.fields()[i];
    ConfigDifference difference{.path = field.path,
                                .before = shown(field),
                                .after = shown(new_table.fields()[i]),
                                .on_resume = field.on_resume};
    if (difference.before != difference.after) differences.push_back(std::move(difference));
  }
  return differences;
}

std::string to_string(const ConfigDifference& difference) {
  return fmt::format("{}: {} -> {}", difference.path, difference.before, difference.after);
}

}  // namespace tandem
