#include "config/fields/fields.h"

#include <algorithm>

namespace tandem::config {

std::string join_path(std::string_view section, std::string_view name) {
  std::string path(section);
  if (!path.empty()) path += '.';
  path += name;
  return path;
}

void FieldTable::add_section(SectionInfo section) { sections_.push_back(std::move(section)); }

Field& FieldTable::add(Field field) {
  index_.emplace(field.path, fields_.size());
  return fields_.emplace_back(std::move(field));
}

const Field* FieldTable::find(const std::string& path) const {
  const auto found = index_.find(path);
  return found == index_.end() ? nullptr : &fields_[found->second];
}

bool FieldTable::has_section(const std::string& path) const {
  return path.empty() ||
         std::any_of(sections_.begin(), sections_.end(), [&](const SectionInfo& section) {
           return section.path == path || section.path.starts_with(path + ".");
         });
}

std::vector<std::string> FieldTable::keys_of(const std::string& section) const {
  std::vector<std::string> keys;
  const std::string prefix = section.empty() ? "" : section + ".";
  for (const Field& field : fields_) {
    if (!field.path.starts_with(prefix)) continue;
    const std::string rest = field.path.substr(prefix.size());
    const std::string key = rest.substr(0, rest.find('.'));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

Section::Section(FieldTable& table, SectionInfo info) : table_(table), info_(std::move(info)) {
  table_.add_section(info_);
}

Field& Section::add(std::string_view name, FieldTarget target, std::string doc, Bounds bounds) {
  return table_.add({.path = join_path(info_.path, name),
                     .target = std::move(target),
                     .doc = std::move(doc),
                     .bounds = bounds,
                     .on_resume = info_.on_resume});
}

Field& Section::add_path(std::string_view name, std::string* target, std::string doc,
                         Bounds bounds) {
  Field& field = add(name, target, std::move(doc), bounds);
  field.is_path = true;
  return field;
}

void Section::add_name(std::string_view name, std::string* target, std::string doc,
                       std::vector<std::string> names) {
  add(name, target, std::move(doc)).names = std::move(names);
}

Field& Section::add_color(std::string_view name, std::string* target, std::string doc,
                          std::vector<std::string> names) {
  Field& field = add(name, target, std::move(doc));
  field.names = std::move(names);
  field.takes_color = true;
  return field;
}

FieldTable field_table(RunConfig& config) {
  FieldTable table;
  add_run_fields(table, config.run);
  add_task_fields(table, config.task);
  add_model_fields(table, config.model);
  add_tokenizer_fields(table, config.tokenizer);
  add_data_fields(table, config.data);
  add_training_fields(table, config);
  return table;
}

FieldTable field_table(ModelConfig& config) {
  FieldTable table;
  add_model_fields(table, config.model);
  add_tokenizer_fields(table, config.tokenizer);
  add_transform_fields(table, config.transform);
  return table;
}

FieldTable field_table(SourceOptions& source) {
  FieldTable table;
  add_source_fields(table, {"", "One data source."}, source);
  return table;
}

}  // namespace tandem::config
