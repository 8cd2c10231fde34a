#include <cmath>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/fields/field_value.h"
#include "tandem/config/load.h"

namespace tandem {
namespace {

using Json = nlohmann::ordered_json;
using config::Bounds;
using config::Field;

Json bound(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<int64_t>(value))
                                                              : Json(value);
}

void add_range(Json& schema, const Bounds& bounds) {
  if (bounds.min) schema["minimum"] = bound(*bounds.min);
  if (bounds.above) schema["exclusiveMinimum"] = bound(*bounds.above);
  if (bounds.max) schema["maximum"] = bound(*bounds.max);
  if (bounds.below) schema["exclusiveMaximum"] = bound(*bounds.below);
}

/// Describes the type of a field, by its member.
struct Describer {
  const Field& field;
  Json& schema;

  void operator()(bool*) const { schema["type"] = "boolean"; }
  void operator()(int64_t*) const { add_number("integer"); }
  void operator()(std::optional<int64_t>*) const { add_number("integer"); }
  void operator()(double*) const { add_number("number"); }

  void operator()(uint64_t*) const {
    schema["type"] = "integer";
    schema["minimum"] = 0;
    schema["maximum"] = UINT64_MAX;
  }

  void operator()(std::string*) const {
    schema["type"] = "string";
    if (field.takes_color) {
      std::string choices;
      for (const std::string& name : field.names) choices += name + "|";
      schema["pattern"] = fmt::format("^({}#[0-9a-fA-F]{{6}})?$", choices);
    } else if (!field.names.empty()) {
      schema["enum"] = field.names;
      schema["enum"].insert(schema["enum"].begin(), "");
    }
    if (field.bounds.min) schema["minLength"] = bound(*field.bounds.min);
    if (field.bounds.max) schema["maxLength"] = bound(*field.bounds.max);
  }

  void operator()(std::vector<std::string>*) const {
    schema["type"] = "array";
    schema["items"] = {{"type", "string"}};
    if (field.bounds.min) schema["minItems"] = bound(*field.bounds.min);
  }

  void operator()(std::vector<double>*) const {
    Json item = {{"type", "number"}};
    add_range(item, field.bounds);
    schema["type"] = "array";
    schema["items"] = item;
  }

  void operator()(std::array<double, 3>*) const {
    Json item = {{"type", "number"}};
    add_range(item, field.bounds);
    schema["type"] = "array";
    schema["items"] = item;
    schema["minItems"] = 3;
    schema["maxItems"] = 3;
  }

  void operator()(const config::EnumTarget& target) const {
    schema["type"] = "string";
    schema["enum"] = target.names;
  }

 private:
  void add_number(const char* type) const {
    schema["type"] = type;
    add_range(schema, field.bounds);
  }
};

Json field_schema(const Field& field) {
  Json schema;
  schema["description"] = field.doc;
  std::visit(Describer{field, schema}, field.target);
  const std::string value = config::value_text(field);
  if (!value.empty()) schema["default"] = Json::parse(value);
  return schema;
}

Json object_schema(const std::string& doc) {
  Json schema;
  schema["description"] = doc;
  schema["type"] = "object";
  schema["additionalProperties"] = false;
  schema["properties"] = Json::object();
  return schema;
}

// Walks to the object that holds the last part of `path`, which is left in `path`.
Json& parent_of(Json& root, std::string& path) {
  Json* object = &root;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    object = &(*object)["properties"][path.substr(0, dot)];
    path = path.substr(dot + 1);
  }
  return *object;
}

std::string table_cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.replace(at, 1, "\\|");
  }
  return text;
}

std::string reference_rows(const config::FieldTable& table, const std::string& section) {
  std::string rows;
  for (const Field& field : table.fields()) {
    if (field.path.substr(0, field.path.rfind('.')) != section) continue;
    const std::string value = config::value_text(field);
    rows +=
        fmt::format("| `{}` | {} | {} | {} |\n", field.path.substr(section.size() + 1),
                    table_cell(config::expected_value(field)),
                    value.empty() ? "unset" : "`" + table_cell(value) + "`", table_cell(field.doc));
  }
  return rows;
}

constexpr const char* kReferenceHead =
    "# Configuration reference\n\n"
    "One JSON file drives a run. Values come from the defaults below, then from the model that\n"
    "`pretrained` names, then from the preset of a tower, then from the file, then from the\n"
    "environment variable `TANDEM_SET`, then from `--set section.key=value`; the later one wins.\n"
    "`TANDEM_SET` holds any number of\n"
    "`section.key=value` with white space between them, so no value in it can hold any; one after\n"
    "`--set` or in the file can. Every key may be left out; an unknown or repeated key, a value\n"
    "of another type, `null`, or a value out of range is an error. A byte order mark is skipped;\n"
    "comments are not JSON. A top-level `\"$schema\"` may name the schema that\n"
    "`clip-train --print-schema` prints.\n\n"
    "A relative path starts from the working directory, not from the configuration's folder; `~`\n"
    "at the front of one is the user's home. Two kinds of file have paths of their own: in a\n"
    "mixture they start from the mixture's folder, and in a table, JSON lines or caption file\n"
    "from `image_root` or, without it, from that file's folder. An absolute path is kept.\n\n"
    "`model.pretrained` names a whole model to start from, `model.text.pretrained` and\n"
    "`model.image.pretrained` that of one tower. Its configuration is taken over: architecture,\n"
    "tokenizer (of a text tower) and `data.transform` (of an image tower). Keys given with it "
    "override\n"
    "that. One that changes what the weights compute, such as `activation`, `heads` or `mean`, is\n"
    "reported; one that the weights cannot be read with, such as `width`, is an error. A smaller\n"
    "`context_length` cuts the table of positions, another `image_size` interpolates it. This "
    "fine-\n"
    "tunes any model that `clip-convert` has written:\n\n"
    "```json\n"
    "{\n"
    "  \"model\": {\"pretrained\": \"my-clip\"},\n"
    "  \"data\": {\"train\": {\"kind\": \"table\", \"path\": \"pairs.csv\"}, \"batch_size\": 64},\n"
    "  \"optim\": {\"lr\": 1e-5},\n"
    "  \"train\": {\"epochs\": 3}\n"
    "}\n"
    "```\n";

}  // namespace

std::string config_schema() {
  RunConfig defaults;
  const config::FieldTable table = config::field_table(defaults);
  Json root;
  root["$schema"] = "http://json-schema.org/draft-07/schema#";
  root["title"] = "Tandem run configuration";
  root.update(object_schema("Everything about one run. Every key may be left out."));
  root["properties"]["$schema"] = {{"type", "string"}};
  for (const config::SectionInfo& section : table.sections()) {
    std::string key = section.path;
    parent_of(root, key)["properties"][key] = object_schema(section.doc);
  }
  for (const Field& field : table.fields()) {
    std::string key = field.path;
    parent_of(root, key)["properties"][key] = field_schema(field);
  }
  return root.dump(2);
}

std::string config_reference() {
  RunConfig defaults;
  const config::FieldTable table = config::field_table(defaults);
  std::string page = kReferenceHead;
  for (const config::SectionInfo& section : table.sections()) {
    page += fmt::format("\n## `{}`\n\n{}\n", section.path, section.doc);
    const std::string rows = reference_rows(table, section.path);
    if (rows.empty()) continue;
    page += "\n| key | value | default | meaning |\n|---|---|---|---|\n" + rows;
  }
  page.pop_back();
  return page;
}

}  // namespace tandem
