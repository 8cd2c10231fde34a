#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "text/cleaning/fix_text.h"
#include "text/cleaning/text_cleaning.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

// tests/golden/cleaning.jsonl is made by scripts/make_golden_cleaning.py: texts with what ftfy and
// open_clip make of them.
std::vector<Json> samples() {
  std::ifstream lines(std::filesystem::path(TANDEM_SOURCE_DIR) / "tests/golden/cleaning.jsonl");
  std::vector<Json> rows;
  for (std::string line; std::getline(lines, line);) {
    const Json row = Json::parse(line);
    if (row.contains("text")) rows.push_back(row);
  }
  return rows;
}

TEST(GoldenCleaning, EqualsOpenClip) {
  const std::vector<Json> rows = samples();
  EXPECT_GT(rows.size(), 400U);
  for (const Json& row : rows) {
    const std::string text = row.at("text");
    for (const char* way : {"whitespace", "lower", "canonicalize"})
      EXPECT_EQ(clean_text(text, cleaning_named(way).value()), row.at(way)) << way << ": " << text;
    EXPECT_EQ(clean_text(text, TextCleaning::kOpenClip), row.at("lower"));
    EXPECT_EQ(clean_text(text, TextCleaning::kClipOriginal), row.at("lower"));
  }
}

/// The comparison can fail: most of the samples change under ftfy's repairs.
TEST(GoldenCleaning, HoldsTextsThatAreRepaired) {
  size_t repaired = 0;
  for (const Json& row : samples()) {
    const std::string text = row.at("text");
    repaired += fix_text(text) == text ? 0 : 1;
  }
  EXPECT_GT(repaired, 350U);
}

}  // namespace
}  // namespace tandem
