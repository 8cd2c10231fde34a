#include "config/fields/reader.h"

#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "config/fields/field_value.h"
#include "config/json/names.h"
#include "config/json/strings.h"
#include "tandem/core/log.h"

namespace tandem::config {
namespace {

constexpr std::string_view kSchemaKey = "$schema";

bool takes_text(const Field& field) {
  return std::holds_alternative<std::string*>(field.target) ||
         std::holds_alternative<EnumTarget>(field.target);
}

JsonValue text_value(std::string_view text) {
  JsonValue value;
  value.kind = JsonKind::kString;
  value.text = text;
  return value;
}

// A text field takes what was typed: run.name=2024 is a name, not a number.
JsonValue override_value(const std::string& text, const Field* field) {
  try {
    JsonValue value = parse_json(text);
    if (value.kind == JsonKind::kString || field == nullptr || !takes_text(*field)) return value;
  } catch (const JsonError&) {
  }
  return text_value(text);
}

std::string leaf_of(const std::string& path) { return path.substr(path.rfind('.') + 1); }

std::optional<std::string> known_key(const FieldTable& table, const std::string& section,
                                     const std::string& key) {
  const std::vector<std::string> siblings = table.keys_of(section);
  if (const auto near = nearest_name(key, siblings)) return near;
  const std::string ours = translated_name(key).value_or(key);
  for (const std::string& sibling : siblings) {
    if (sibling == ours) return sibling;
  }
  for (const Field& field : table.fields()) {
    if (leaf_of(field.path) == ours) return field.path;
  }
  for (const SectionInfo& each : table.sections()) {
    if (leaf_of(each.path) == ours) return each.path;
  }
  return std::nullopt;
}

}  // namespace

std::string Reader::place(Position at) const {
  return has_lines_ ? fmt::format("{}:{}:{}", layer_, at.line, at.column) : layer_;
}

void Reader::read_text(std::string_view json, const std::string& name) {
  layer_ = name;
  has_lines_ = true;
  try {
    const JsonValue root = parse_json(json);
    if (root.kind == JsonKind::kObject) {
      read_object(root, "");
      return;
    }
    problems_.add(place(root.at), fmt::format("expected an object, found {}", show_json(root)));
  } catch (const JsonError& error) {
    problems_.add(place(error.at()), error.what());
  }
  unreadable_ = true;
}

void Reader::read_object(const JsonValue& object, const std::string& section) {
  std::unordered_map<std::string_view, Position> seen;
  for (const JsonMember& member : object.members) {
    const auto [first, is_new] = seen.emplace(member.key, member.at);
    if (is_new) {
      read_member(member, section);
      continue;
    }
    std::string text = fmt::format("{}: duplicate key", join_path(section, shorten(member.key)));
    if (has_lines_) {
      text += fmt::format("; first at {}:{}", first->second.line, first->second.column);
    }
    problems_.add(place(member.at), text);
  }
}

void Reader::read_member(const JsonMember& member, const std::string& section) {
  const std::string path = join_path(section, member.key);
  const bool is_plain = !member.key.empty() && member.key.find('.') == std::string::npos;
  const Field* field = is_plain ? table_.find(path) : nullptr;
  if (field != nullptr) {
    assignments_.push_back({field, member.value, place(member.value.at)});
  } else if (is_plain && table_.has_section(path)) {
    if (member.value.kind == JsonKind::kObject) {
      read_object(member.value, path);
    } else {
      problems_.add(place(member.value.at),
                    fmt::format("{}: expected an object, found {}", path, show_json(member.value)));
      failed_.insert(path);
    }
  } else if (path == kSchemaKey) {
    if (member.value.kind == JsonKind::kString) return;
    problems_.add(place(member.value.at),
                  fmt::format("{}: expected a text, found {}", path, show_json(member.value)));
  } else {
    unknown_key(section, member.key, place(member.at));
  }
}

void Reader::unknown_key(const std::string& section, const std::string& key,
                         const std::string& where) {
  std::string text;
  if (!problems_.is_full()) {
    text = fmt::format("{}: unknown key", join_path(section, shorten(key)));
    if (const auto known = known_key(table_, section, key.substr(0, key.find('.')))) {
      text += fmt::format("; did you mean `{}`?", *known);
    } else {
      text += fmt::format("; {} has {}", section.empty() ? "the top level" : "`" + section + "`",
                          join(table_.keys_of(section), ", "));
    }
  }
  problems_.add(where, text);
}

void Reader::read_override(const std::string& text, const std::string& origin) {
  layer_ = origin;
  has_lines_ = false;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    problems_.add(layer_, fmt::format("expected KEY=VALUE such as optim.lr=3e-4, found {}",
                                      quote_json(shorten(text))));
    return;
  }
  const std::string path = text.substr(0, equals);
  const Field* field = table_.find(path);
  JsonValue value = override_value(text.substr(equals + 1), field);
  if (value.kind == JsonKind::kString && !is_utf8(value.text)) {
    problems_.add(layer_, fmt::format("{}: the value is not valid UTF-8", shorten(path)));
    return;
  }
  std::string section;
  std::string key = path;
  while (field == nullptr && key.find('.') != std::string::npos) {
    const size_t dot = key.find('.');
    const std::string deeper = join_path(section, key.substr(0, dot));
    if (dot == 0 || !table_.has_section(deeper)) break;
    section = deeper;
    key = key.substr(dot + 1);
  }
  if (field != nullptr) {
    assignments_.push_back({field, std::move(value), layer_});
  } else {
    read_member({key, {}, std::move(value)}, section);
  }
}

std::string Reader::last_text(const std::string& path) const {
  std::string text;
  for (const Assignment& each : assignments_) {
    if (each.field->path == path && each.value.kind == JsonKind::kString) text = each.value.text;
  }
  return text;
}

void Reader::apply() {
  std::map<std::string, const Assignment*> last;
  for (const Assignment& each : assignments_) {
    const std::string& path = each.field->path;
    if (const auto wrong = assign(*each.field, each.value)) {
      problems_.add(each.origin, fmt::format("{}: {}", path, *wrong));
      failed_.insert(path);
      continue;
    }
    const Assignment*& before = last[path];
    if (before != nullptr) report_replaced(*before, each);
    before = &each;
    origins_[path] = each.origin;
  }
}

void Reader::report_replaced(const Assignment& before, const Assignment& after) const {
  log_info(fmt::format("{}: {} from {} replaces {} from {}", after.field->path,
                       show_json(after.value), after.origin, show_json(before.value),
                       before.origin));
}

std::string Reader::origin(const std::string& path) const {
  const auto found = origins_.find(path);
  return found == origins_.end() ? "" : found->second;
}

}  // namespace tandem::config
