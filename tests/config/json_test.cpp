#include "config/json/json.h"

#include <string>

#include <gtest/gtest.h>

#include "config/json/strings.h"

namespace tandem::config {
namespace {

struct Failure {
  std::string what;
  int64_t line = 0;
  int64_t column = 0;
};

Failure fail(const std::string& text) {
  try {
    (void)parse_json(text);
  } catch (const JsonError& error) {
    return {error.what(), error.at().line, error.at().column};
  }
  return {"no error"};
}

void expect_failure(const std::string& text, const std::string& part, int64_t line,
                    int64_t column) {
  const Failure failure = fail(text);
  EXPECT_NE(failure.what.find(part), std::string::npos) << text << " gave: " << failure.what;
  EXPECT_EQ(failure.line, line) << text << " gave: " << failure.what;
  EXPECT_EQ(failure.column, column) << text << " gave: " << failure.what;
}

TEST(Json, KeepsKeysValuesAndTheirPlaces) {
  const JsonValue root = parse_json("{\n  \"a\": [1, -2.5e3],\n  \"ü\": true, \"b\": null}");
  ASSERT_EQ(root.members.size(), 3U);
  EXPECT_EQ(root.members[0].at.line, 2);
  EXPECT_EQ(root.members[0].at.column, 3);
  EXPECT_EQ(root.members[0].value.items[1].text, "-2.5e3");
  EXPECT_EQ(root.members[0].value.items[1].at.column, 12);
  EXPECT_EQ(root.members[1].value.text, "true");
  // Columns count characters: the umlaut is one.
  EXPECT_EQ(root.members[2].at.column, 14);
  EXPECT_EQ(root.members[2].value.kind, JsonKind::kNull);
}

TEST(Json, DecodesEveryEscape) {
  const JsonValue value = parse_json(R"("\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00")");
  EXPECT_EQ(value.text, "\"\\/\b\f\n\r\té€😀");
}

TEST(Json, QuotesSoThatItReadsBack) {
  const std::string text = "tab\t quote\" slash\\ line\n bell\x07 é😀";
  EXPECT_EQ(parse_json(quote_json(text)).text, text);
}

TEST(Json, SkipsAByteOrderMarkAndNamesUtf16) {
  EXPECT_EQ(parse_json("\xEF\xBB\xBF{}").kind, JsonKind::kObject);
  EXPECT_EQ(parse_json("\xEF\xBB\xBF{}").at.column, 1);
  expect_failure("\xFF\xFE{", "UTF-16", 1, 1);
}

TEST(Json, NamesWhatIsCommonElsewhereButNotJson) {
  expect_failure("{\"a\": 1,\n}", "comma before the closing `}`", 1, 8);
  expect_failure("[1,\n 2,\n]", "comma before the closing `]`", 2, 3);
  expect_failure("{\n  // words\n}", "no comments", 2, 3);
  expect_failure("{} # words", "no comments", 1, 4);
  expect_failure("{'a': 1}", "key in double quotes", 1, 2);
  expect_failure("{\"a\": 'b'}", "double quotes", 1, 7);
  expect_failure("{\"a\": NaN}", "`NaN` is not", 1, 7);
  expect_failure("{\"a\": -Infinity}", "`-Infinity` is not", 1, 7);
  expect_failure("{\"a\": True}", "`True` is not", 1, 7);
}

TEST(Json, RefusesMalformedNumbers) {
  for (const char* text : {"01", "+1", ".5", "1.", "1e", "-", "0x10", "1_000", "1.2.3", "--1"}) {
    expect_failure(text, "is not a JSON value", 1, 1);
  }
  for (const char* text : {"0", "-0", "10", "0.5", "1e5", "1E+5", "1.25e-07"}) {
    EXPECT_EQ(parse_json(text).text, text);
  }
}

TEST(Json, NamesWhereTextBreaksOff) {
  expect_failure("", "nothing there", 1, 1);
  expect_failure(" \n ", "nothing there", 2, 2);
  expect_failure("{", "ends inside an object", 1, 2);
  expect_failure("{\"a\"", "expected `:`", 1, 5);
  expect_failure("{\"a\":", "ends where a value", 1, 6);
  expect_failure("[1", "ends inside a list", 1, 3);
  expect_failure("\"abc", "without a closing quote", 1, 1);
  expect_failure("{} {}", "after the end", 1, 4);
  expect_failure("{\"a\": 1 \"b\": 2}", "expected `,` or `}`", 1, 9);
}

TEST(Json, RefusesBadCharacters) {
  expect_failure("\"a\nb\"", "line break inside a string", 1, 3);
  expect_failure("\"a\xC3(\"", "not valid UTF-8", 1, 3);
  expect_failure("\"\xC0\x80\"", "not valid UTF-8", 1, 2);
  expect_failure("\"\xED\xA0\x80\"", "not valid UTF-8", 1, 2);
  expect_failure("\"\\u0000\"", "NUL", 1, 2);
  expect_failure("\"\\ud800\"", "surrogate", 1, 2);
  expect_failure("\"\\u12g4\"", "four hex digits", 1, 2);
  expect_failure("\"\\q\"", "unknown escape", 1, 2);
  expect_failure(std::string("\0", 1), "byte 0x00", 1, 1);
}

TEST(Json, TakesSixtyFourLevelsAndNoMore) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_EQ(parse_json(nested(64)).kind, JsonKind::kArray);
  expect_failure(nested(65), "nested deeper than 64", 1, 65);
  expect_failure(std::string(2'000'000, '['), "nested deeper than 64", 1, 65);
  std::string objects;
  for (int i = 0; i < 2'000'000; ++i) objects += "{\"\":";
  expect_failure(objects, "nested deeper than 64", 1, 257);
}

TEST(Json, RefusesMoreThanItsLimits) {
  expect_failure(std::string(kMaxJsonBytes + 1, ' '), "more than 16 MB", 1, 1);
  std::string list = "[0";
  for (size_t i = 0; i < kMaxJsonValues; ++i) list += ",0";
  EXPECT_NE(fail(list + "]").what.find("more than 262144 values"), std::string::npos);
}

TEST(Strings, ShortenCutsBetweenCharacters) {
  EXPECT_EQ(shorten("short"), "short");
  std::string text = "x";
  for (int i = 0; i < 60; ++i) text += "é";
  EXPECT_TRUE(is_utf8(shorten(text)));
  EXPECT_LT(shorten(text).size(), text.size());
}

}  // namespace
}  // namespace tandem::config
