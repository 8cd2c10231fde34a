#include "data/rows/json_chars.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

void refuses(const std::string& part, const std::string& text) {
  expect_error(ErrorKind::kData, part, [&] { (void)parse_json_record(text); });
}

TEST(ParseJsonRecord, ReadsPythonsNumbersAsNull) {
  EXPECT_EQ(
      parse_json_record(R"({"a": NaN, "b": [Infinity, -Infinity, -1], "c": "NaN \" Infinity"})"),
      Json::parse(R"({"a": null, "b": [null, null, -1], "c": "NaN \" Infinity"})"));
  EXPECT_EQ(parse_json_record("NaN"), Json());
  EXPECT_EQ(parse_json_record(R"({"NaN": "\\", "b": NaN})"),
            Json::parse(R"({"NaN": "\\", "b": null})"));
  for (const char* text : {"{\"a\": Nan}", "[NaNs]", "[-NaN]", "[Infinityy]", "[+Infinity, NaN]",
                           "{NaN: 1}", "NaN NaN", "[NaN"})
    refuses("not valid JSON", text);
}

TEST(ParseJsonRecord, RefusesAKeyThatStandsTwice) {
  refuses("the key \"a\" stands twice", R"({"a": 1, "a": 2})");
  refuses("the key \"b\" stands twice", R"({"a": [{"b": 1, "c": 3, "b": {}}]})");
  refuses("stands twice", R"({"a": NaN, "\u0061": 2})");
  EXPECT_EQ(parse_json_record(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})").size(), 2U);
}

TEST(ParseJsonRecord, RefusesWhatIsNoJson) {
  refuses("not valid JSON", "");
  refuses("not valid JSON", "{\"a\": 1");
  refuses("not UTF-8", "{\"a\": \"\xFF\"}");
  refuses("a number without end", "[1e999]");
  refuses("nested deeper than 64", std::string(100000, '['));
  EXPECT_TRUE(parse_json_record(std::string(64, '[') + std::string(64, ']')).is_array());
}

}  // namespace
}  // namespace tandem
