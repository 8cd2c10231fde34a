#include <sys/stat.h>

#include <fmt/format.h>

#include "core/gzip.h"
#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

using Captions = std::vector<std::string>;

class TableSource : public testing::Test {
 protected:
  std::unique_ptr<Source> open_table(const std::string& text, const std::string& separator = "\t") {
    write_text(folder_ / "data.tsv", text);
    return open(options(separator));
  }
  SourceOptions options(const std::string& separator = "\t") {
    return {.kind = SourceKind::kTable,
            .path = (folder_ / "data.tsv").string(),
            .separator = separator};
  }
  Error expect_refused(const std::string& text, const ErrorParts& parts,
                       const std::string& separator = "\t") {
    return expect_error(ErrorKind::kData, parts, [&] { open_table(text, separator); });
  }
  /// What the log says while `text` is opened.
  std::string said_on_opening(const std::string& text) {
    {
      const LogFile log(folder_ / "log");
      open_table(text);
    }
    const std::string said = read_file(folder_ / "log");
    std::filesystem::remove(folder_ / "log");
    return said;
  }
  TemporaryFolder folder_;
};

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in: " << text;
}

TEST_F(TableSource, ReadsColumnsByNameInAnyOrder) {
  const auto source = open_table("id\ttitle\tfilepath\n1\ta cat\tcat.png\n2\ta dog\tdog.png\n");
  ASSERT_EQ(source->size(), 2);
  EXPECT_EQ(source->key(1), "dog.png");
  EXPECT_EQ(source->captions(0), Captions{"a cat"});
  EXPECT_TRUE(source->class_names().empty());
}

TEST_F(TableSource, ReadsQuotesLineEndsAndByteOrderMark) {
  const auto source = open_table(
      "\xEF\xBB\xBF"
      "filepath,title\r\n"
      "a.png,\"one, \"\"two\"\"\r\nand three\"\r\n"
      "\r\n"
      "\"b b.png\",four\n"
      "c.png,\n"
      "d.png,no line end",
      ",");
  ASSERT_EQ(source->size(), 4);
  EXPECT_EQ(source->captions(0), Captions{"one, \"two\"\r\nand three"});
  EXPECT_EQ(source->key(1), "b b.png");
  EXPECT_EQ(source->captions(1), Captions{"four"});
  EXPECT_EQ(source->captions(2), Captions{""});
  EXPECT_EQ(source->captions(3), Captions{"no line end"});
}

TEST_F(TableSource, TellsCaptionsThatAreNotUtf8) {
  const std::string said =
      said_on_opening("filepath\ttitle\na\tgood\nb\tSchlo\xDF\nc\tZ\xFCrich\n");
  expect_contains(said, "2 captions are not UTF-8, the first on line 3");
  EXPECT_EQ(said_on_opening("filepath\ttitle\na\tZürich\n").find("UTF-8"), std::string::npos);
}

TEST_F(TableSource, TellsQuotedFieldsWithLineEndsInThem) {
  const std::string said = said_on_opening(
      "filepath\ttitle\na\tone\nb\t\"12 inch pizza\nc\ttwo\nd\tscreen of 24\"\ne\tthree\n"
      "f\t\"over\nlines\"\n");
  expect_contains(said,
                  "2 rows have a quoted field with line ends in it, the first from line 3 "
                  "over 3 lines");
  EXPECT_EQ(said_on_opening("filepath\ttitle\na\t\"one\"\nb\ttwo").find("line ends"),
            std::string::npos);
}

TEST_F(TableSource, ReadsGzip) {
  const auto source = open_table(gzip("filepath\ttitle\na.png\tone\n"));
  EXPECT_EQ(source->captions(0), Captions{"one"});
}

TEST_F(TableSource, KeepsQuotesThatArePartOfTheText) {
  const auto source = open_table("filepath\ttitle\na.png\t\"Red\" stamp\nb.png\t5\" nail\n");
  EXPECT_EQ(source->captions(0), Captions{"\"Red\" stamp"});
  EXPECT_EQ(source->captions(1), Captions{"5\" nail"});
}

TEST_F(TableSource, NamesTheColumnsFoundWhenOneIsMissing) {
  expect_refused("image\tcaption\na\tb\n", {.what = R"(no column "filepath" (image_key))",
                                            .where = "data.tsv, line 1",
                                            .found = R"(columns "image", "caption")"});
}

TEST_F(TableSource, GuessesTheSeparatorWhenItIsWrong) {
  expect_refused("filepath,title\na.png,b\n",
                 {.what = "no column", .hint = "the separator seems to be ','"});
  expect_refused("filepath\ttitle\na.png\tb\n",
                 {.what = "no column", .hint = "the separator seems to be a tab"}, ",");
}

TEST_F(TableSource, RefusesAColumnThatStandsTwice) {
  expect_refused("filepath\ttitle\ttitle\na\tb\tc\n",
                 {.what = R"(column "title" appears 2 times)"});
}

TEST_F(TableSource, RefusesARowOfAnotherWidthWithItsLine) {
  expect_refused(
      "filepath\ttitle\na\t\"x\ny\"\nb\tc\td\n",
      {.what = "wrong number of columns", .where = "line 4", .expected = "2 (", .found = "3 ("});
  expect_refused("filepath\ttitle\nalone\n", {.where = "line 2"});
}

TEST_F(TableSource, NamesTheLineOfAQuoteThatIsNeverClosed) {
  expect_refused("filepath\ttitle\na\tb\nc\t\"open\nd\te\n",
                 {.what = "never closed", .where = "line 3"});
  expect_refused("filepath\ttitle\nc\t\"one\ntwo\" three\n",
                 {.what = "text after its closing quote", .where = "line 2"});
}

TEST_F(TableSource, RefusesAnEndlessLineWithoutHoldingIt) {
  expect_refused("filepath\ttitle\na\t" + std::string(17 << 20, 'x'),
                 {.what = "16 MiB", .where = "line 2"});
}

TEST_F(TableSource, RefusesATableWithoutRows) {
  expect_refused("", {.what = "the table is empty"});
  expect_refused("\n\n", {.what = "the table is empty"});
  expect_refused("filepath\ttitle\n", {.what = "no rows", .found = "\"filepath\""});
}

TEST_F(TableSource, RefusesUtf16) {
  expect_refused(std::string("\xFF\xFE"
                             "f\0i\0",
                             6),
                 {.found = "UTF-16"});
}

TEST_F(TableSource, RefusesAManifestThatIsNoReadableFile) {
  expect_error(ErrorKind::kMissingInput, {.found = "No such file"}, [&] { open(options()); });
  std::filesystem::create_directory(folder_ / "data.tsv");
  expect_error(ErrorKind::kMissingInput, {.what = "is a folder"}, [&] { open(options()); });
  std::filesystem::remove(folder_ / "data.tsv");
  ASSERT_EQ(::mkfifo((folder_ / "data.tsv").c_str(), 0600), 0);
  expect_error(ErrorKind::kMissingInput, {.reason = "not a regular file"},
               [&] { open(options()); });
}

TEST_F(TableSource, NamesUidAndModeOfAManifestThatMayNotBeRead) {
  write_text(folder_ / "data.tsv", "filepath\ttitle\na\tb\n");
  ::chmod((folder_ / "data.tsv").c_str(), 0);
  if (::access((folder_ / "data.tsv").c_str(), R_OK) == 0)
    GTEST_SKIP() << "nothing is denied to us";
  const Error error = expect_error(ErrorKind::kMissingInput, {.found = "Permission denied"},
                                   [&] { open(options()); });
  expect_parts(error, {.found = "mode 0000"});
  expect_parts(error, {.found = "uid " + std::to_string(::geteuid())});
}

TEST_F(TableSource, RefusesASeparatorThatIsNone) {
  for (const char* separator : {"", "::", "\"", "\n", "\\t"})
    expect_error(ErrorKind::kConfig, {.where = "separator"},
                 [&] { open_table("filepath\n", separator); });
}

TEST_F(TableSource, KeepsARowWithoutAPictureAsAnUnusableSample) {
  const auto source = open_table("filepath\ttitle\n\tb\nc\td\n");
  ASSERT_EQ(source->size(), 2);
  expect_contains(source->key(0), "data.tsv:2");
  expect_error(ErrorKind::kData, {.where = "data.tsv:2", .reason = "bad record"},
               [&] { (void)source->sample(0, 0); });
  expect_error(ErrorKind::kData, {.where = "data.tsv:2", .reason = "bad record"},
               [&] { (void)source->captions(0); });
}

TEST_F(TableSource, LoadsThePicture) {
  write_picture(folder_ / "a.png");
  const RawSample sample = open_table("filepath\ttitle\na.png\tb\n")->sample(0, 0);
  EXPECT_EQ(sample.key, "a.png");
  EXPECT_EQ(sample.image.width, 24);
  EXPECT_EQ(sample.image.height, 20);
  EXPECT_EQ(sample.captions, Captions{"b"});
  EXPECT_EQ(sample.class_index, -1);
}

TEST_F(TableSource, FingerprintFollowsTheRows) {
  const std::string one = open_table("filepath\ttitle\na\tb\n")->fingerprint();
  EXPECT_EQ(one, open_table("title\tfilepath\nb\ta\n")->fingerprint());
  EXPECT_NE(one, open_table("filepath\ttitle\na\tc\n")->fingerprint());
}

TEST_F(TableSource, HoldsManyRowsInLittleMemory) {
  std::string text = "filepath\ttitle\n";
  for (int row = 0; row < 200000; ++row) text += fmt::format("p{}\tc\n", row);
  const auto source = open_table(text);
  ASSERT_EQ(source->size(), 200000);
  EXPECT_EQ(source->key(123456), "p123456");
  EXPECT_EQ(source->captions(199999), Captions{"c"});
}

}  // namespace
}  // namespace tandem
