#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

using Captions = std::vector<std::string>;

class JsonlSource : public testing::Test {
 protected:
  std::unique_ptr<Source> open_jsonl(const std::string& text,
                                     std::vector<std::string> languages = {}) {
    write_text(folder_ / "data.jsonl", text);
    return open({.kind = SourceKind::kJsonl,
                 .path = (folder_ / "data.jsonl").string(),
                 .languages = std::move(languages)});
  }
  /// Sample `index` must be invalid: its error names its line and has `parts`.
  static void refuses(const Source& source, int64_t index, ErrorParts parts) {
    parts.where = "data.jsonl:" + std::to_string(index + 1);
    expect_error(ErrorKind::kData, parts, [&] { (void)source.sample(index, 0); });
  }
  TemporaryFolder folder_;
};

TEST_F(JsonlSource, ReadsOneCaptionOrSeveral) {
  const auto source = open_jsonl(
      "\xEF\xBB\xBF{\"filepath\": \"a.png\", \"title\": \"one\"}\r\n"
      "\n"
      "{\"filepath\": \"b.png\", \"title\": [\"two\", \"zw\\u00f6lf\"], \"more\": {\"x\": 1}}");
  ASSERT_EQ(source->size(), 2);
  EXPECT_EQ(source->key(0), "a.png");
  EXPECT_EQ(source->captions(0), Captions{"one"});
  EXPECT_EQ(source->captions(1), (Captions{"two", "zw\xC3\xB6lf"}));
}

TEST_F(JsonlSource, TakesCaptionsByLanguage) {
  const auto source = open_jsonl(
      R"({"filepath": "a", "captions": {"en": "dog", "de": ["Hund", "Köter"], "fr": "chien"}})"
      "\n"
      R"({"filepath": "b", "captions": {"fr": "chat"}})"
      "\n"
      R"({"filepath": "c", "title": "no captions"})"
      "\n",
      {"de", "en"});
  EXPECT_EQ(source->captions(0), (Captions{"Hund", "Köter", "dog"}));
  refuses(*source, 1, {.reason = "missing caption"});
  refuses(*source, 2, {.what = R"(no object "captions")"});
}

TEST_F(JsonlSource, KeepsBadLinesAsUnusableSamplesWithTheirNumber) {
  const auto source = open_jsonl(
      "{\"filepath\": \"a\", \"title\": \n"
      "{\"filepath\": \"b\", \"title\": \"good\"}\n"
      "{\"title\": \"no picture\"}\n"
      "{\"filepath\": 7, \"title\": \"a number\"}\n"
      "[1, 2]\n"
      "{\"filepath\": \"\xFF\xFE\", \"title\": \"not UTF-8\"}\n"
      "{\"filepath\": \"a\", \"title\": \"b\", \"score\": 1e999}\n");
  ASSERT_EQ(source->size(), 7);
  refuses(*source, 0, {.what = "not valid JSON", .reason = "bad record"});
  EXPECT_EQ(source->captions(1), Captions{"good"});
  refuses(*source, 2, {.what = R"(no image path in field "filepath")"});
  refuses(*source, 2, {.found = "fields title"});
  refuses(*source, 3, {});
  refuses(*source, 4, {.expected = "a JSON object", .found = "array"});
  refuses(*source, 5, {.reason = "not UTF-8"});
  refuses(*source, 6, {.found = "an infinite number"});
}

TEST_F(JsonlSource, ReadsPythonsNaNAndRefusesAKeyThatStandsTwice) {
  const auto source = open_jsonl(
      "{\"filepath\": \"a\", \"title\": \"good\", \"punsafe\": NaN, \"x\": -Infinity}\n"
      "{\"filepath\": \"a\", \"title\": \"one\", \"title\": \"two\"}\n"
      "{\"filepath\": \"a\", \"title\": NaN}\n"
      "{\"filepath\": \"a\", \"title\": \"one\", \"title\": \"two\"}");
  ASSERT_EQ(source->size(), 4);
  EXPECT_EQ(source->captions(0), Captions{"good"});
  refuses(*source, 1, {.what = R"("title" appears twice)"});
  refuses(*source, 2, {.found = "null"});
  refuses(*source, 3, {});
}

TEST_F(JsonlSource, RefusesCaptionsOfAnotherType) {
  const auto source = open_jsonl(
      "{\"filepath\": \"a\"}\n"
      "{\"filepath\": \"a\", \"title\": null}\n"
      "{\"filepath\": \"a\", \"title\": 3}\n"
      "{\"filepath\": \"a\", \"title\": []}\n"
      "{\"filepath\": \"a\", \"title\": [\"x\", 3]}\n"
      "{\"filepath\": \"a\", \"title\": \"good\"}\n");
  refuses(*source, 0, {.what = R"(no field "title")"});
  refuses(*source, 1, {.found = "null"});
  refuses(*source, 2, {.found = "number"});
  refuses(*source, 3, {.reason = "missing caption"});
  refuses(*source, 4, {.what = "an element that is not a string"});
  EXPECT_EQ(source->captions(5), Captions{"good"});
}

TEST_F(JsonlSource, LeavesOutAHalfWrittenLastLineAndSaysSo) {
  const std::filesystem::path log_path = folder_ / "log";
  const LogFile log(log_path);
  const auto source =
      open_jsonl("{\"filepath\": \"a\", \"title\": \"good\"}\n{\"filepath\": \"b\", \"ti");
  EXPECT_EQ(source->size(), 1);
  EXPECT_NE(read_file(log_path).find("the last line is incomplete"), std::string::npos);
}

TEST_F(JsonlSource, RefusesAFileWithoutAnyUsableLine) {
  expect_error(ErrorKind::kData, {.what = "is empty"}, [&] { open_jsonl(""); });
  expect_error(ErrorKind::kData, {.expected = "one JSON object per line"},
               [&] { open_jsonl("filepath\ttitle\na\tb\n"); });
  expect_error(ErrorKind::kData, {.found = "a JSON array"},
               [&] { open_jsonl(" [{\"filepath\": \"a\", \"title\": \"b\"}]"); });
  expect_error(ErrorKind::kData, {.found = "fields caption, image"},
               [&] { open_jsonl("{\"image\": \"a\", \"caption\": \"b\"}\n"); });
}

TEST_F(JsonlSource, SurvivesDeepAndLongLines) {
  std::string deep(200000, '[');
  deep += '\n';
  const std::string good = "{\"filepath\": \"a\", \"title\": \"good\"}\n";
  const std::string lengthy =
      "{\"filepath\": \"a\", \"title\": \"" + std::string(17 << 20, 'x') + "\"}\n";
  const auto source = open_jsonl(good + deep + lengthy + good);
  ASSERT_EQ(source->size(), 4);
  refuses(*source, 1, {});
  refuses(*source, 2, {.what = "longer than 16 MiB"});
  EXPECT_EQ(source->captions(3), Captions{"good"});
}

}  // namespace
}  // namespace tandem
