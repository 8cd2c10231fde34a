#include "data/rows/json_chars.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

void refuses(const ErrorParts& parts, const std::string& text) {
  expect_error(ErrorKind::kData, parts, [&] { (void)parse_json_record(text); });
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
    refuses({.what = "not valid JSON", .reason = "bad record"}, text);
}

TEST(ParseJsonRecord, RefusesAKeyThatStandsTwice) {
  refuses({.what = R"(the key "a" appears twice)", .reason = "bad record"}, R"({"a": 1, "a": 2})");
  refuses({.what = R"(the key "b" appears twice)", .reason = "bad record"},
          R"({"a": [{"b": 1, "c": 3, "b": {}}]})");
  refuses({.what = "appears twice", .reason = "bad record"}, R"({"a": NaN, "\u0061": 2})");
  EXPECT_EQ(parse_json_record(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})").size(), 2U);
}

TEST(ParseJsonRecord, RefusesWhatIsNoJson) {
  refuses({.what = "not valid JSON", .reason = "bad record"}, "");
  refuses({.what = "not valid JSON", .reason = "bad record"}, "{\"a\": 1");
  refuses({.reason = "not UTF-8"}, "{\"a\": \"\xFF\"}");
  refuses({.found = "an infinite number"}, "[1e999]");
  refuses({.what = "nested deeper than 64", .reason = "bad record"}, std::string(100000, '['));
  EXPECT_TRUE(parse_json_record(std::string(64, '[') + std::string(64, ']')).is_array());
}

}  // namespace
}  // namespace tandem
