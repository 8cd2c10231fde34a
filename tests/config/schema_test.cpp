#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/fields/fields.h"
#include "config/samples.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

const Json& schema_of(const Json& root, std::string path) {
  const Json* node = &root;
  for (size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    node = &node->at("properties").at(path.substr(0, dot));
    path = path.substr(dot + 1);
  }
  return node->at("properties").at(path);
}

TEST(ConfigSchema, HoldsEveryFieldWithItsDefault) {
  const Json schema = Json::parse(config_schema());
  EXPECT_EQ(schema.at("$schema"), "http://json-schema.org/draft-07/schema#");
  RunConfig defaults;
  const Json values = Json::parse(to_json(defaults));
  const config::FieldTable table = config::field_table(defaults);
  EXPECT_GT(table.fields().size(), 100U);
  for (const config::Field& field : table.fields()) {
    const Json& entry = schema_of(schema, field.path);
    EXPECT_EQ(entry.at("description"), field.doc);
    EXPECT_TRUE(entry.contains("type")) << field.path;
    std::string pointer = "/" + field.path;
    for (char& c : pointer) c = c == '.' ? '/' : c;
    const bool optional = !values.contains(Json::json_pointer(pointer));
    EXPECT_EQ(entry.contains("default"), !optional) << field.path;
    if (!optional) {
      EXPECT_EQ(entry.at("default"), values.at(Json::json_pointer(pointer))) << field.path;
    }
  }
}

TEST(ConfigSchema, ClosesEveryObject) {
  const Json schema = Json::parse(config_schema());
  RunConfig defaults;
  EXPECT_EQ(schema.at("additionalProperties"), false);
  const config::FieldTable table = config::field_table(defaults);
  for (const config::SectionInfo& section : table.sections()) {
    EXPECT_EQ(schema_of(schema, section.path).at("additionalProperties"), false) << section.path;
  }
}

TEST(ConfigSchema, SaysRangesAndNames) {
  const Json schema = Json::parse(config_schema());
  EXPECT_EQ(schema_of(schema, "optim.lr").at("exclusiveMinimum"), 0);
  EXPECT_EQ(schema_of(schema, "optim.beta1").at("exclusiveMaximum"), 1);
  EXPECT_EQ(schema_of(schema, "run.seed").at("maximum"), UINT64_MAX);
  EXPECT_EQ(schema_of(schema, "train.precision").at("enum"), Json({"fp32", "bf16"}));
  EXPECT_EQ(schema_of(schema, "model.image.mean").at("minItems"), 3);
  EXPECT_EQ(schema_of(schema, "model.text.preset").at("enum").at(0), "");
  EXPECT_EQ(schema_of(schema, "data.train.separator").at("maxLength"), 1);
}

TEST(ConfigReference, HoldsEveryFieldInItsSection) {
  const std::string page = config_reference();
  RunConfig defaults;
  const config::FieldTable table = config::field_table(defaults);
  for (const config::Field& field : table.fields()) {
    const size_t dot = field.path.rfind('.');
    const size_t section = page.find("\n## `" + field.path.substr(0, dot) + "`\n");
    ASSERT_NE(section, std::string::npos) << field.path;
    const size_t row = page.find("| `" + field.path.substr(dot + 1) + "` |", section);
    EXPECT_LT(row, page.find("\n## ", section + 1)) << field.path;
  }
}

TEST(ConfigReference, SaysHowTheEnvironmentHoldsSeveralValues) {
  EXPECT_NE(config_reference().find("`TANDEM_SET` holds any number of"), std::string::npos);
}

TEST(ConfigReference, IsThePageOfTheDocumentation) {
  const std::string page = read_file(std::filesystem::path(TANDEM_SOURCE_DIR) / "docs/config.md");
  EXPECT_TRUE(page == config_reference() + "\n")
      << "docs/config.md is out of date: clip-train --print-reference > docs/config.md";
}

TEST(FieldTable, HasADocSentenceForEveryFieldAndNoPathTwice) {
  RunConfig defaults;
  const config::FieldTable table = config::field_table(defaults);
  for (const config::Field& field : table.fields()) {
    EXPECT_EQ(table.find(field.path), &field) << field.path;
    EXPECT_GT(field.doc.size(), 10U) << field.path;
    EXPECT_EQ(field.doc.back(), '.') << field.path;
  }
}

}  // namespace
}  // namespace tandem
