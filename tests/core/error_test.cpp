#include "tandem/core/error.h"

#include <map>
#include <type_traits>

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Error, ComposesAllPartsInOrder) {
  const Error error(ErrorKind::kConfig, {.what = "is out of range",
                                         .where = "train.lr",
                                         .expected = "more than 0",
                                         .found = "-1",
                                         .hint = "0.001"});
  EXPECT_STREQ(error.what(),
               "train.lr: is out of range: expected more than 0, found -1. Try: 0.001");
  EXPECT_EQ(error.kind(), ErrorKind::kConfig);
}

TEST(Error, LeavesEmptyPartsOut) {
  const auto text = [](const ErrorText& parts) {
    return std::string(Error(ErrorKind::kData, parts).what());
  };
  EXPECT_STREQ(Error(ErrorKind::kData, "no sample").what(), "no sample");
  EXPECT_EQ(text({.what = "is cut", .where = "a.jpg"}), "a.jpg: is cut");
  EXPECT_EQ(text({.what = "too many", .found = "3"}), "too many: found 3");
  EXPECT_EQ(text({.what = "too few", .expected = "4"}), "too few: expected 4");
  EXPECT_EQ(text({.what = "too few", .hint = "more"}), "too few. Try: more");
}

TEST(Error, EscapesControlCharactersOfTheNamedFile) {
  EXPECT_STREQ(
      Error(ErrorKind::kData, ErrorText{.what = "is cut", .where = "a\n\x1b[1mb.jpg"}).what(),
      "a\\n\\x1b[1mb.jpg: is cut");
}

TEST(Error, KeepsItsPartsWhole) {
  const ErrorText text = {.what = "is out of range",
                          .where = "a\nb",
                          .expected = "more than 0",
                          .found = std::string(5000, '9'),
                          .hint = "0.001",
                          .reason = "odd number"};
  const Error error(ErrorKind::kData, text);
  EXPECT_EQ(error.text().what, text.what);
  EXPECT_EQ(error.text().where, text.where);
  EXPECT_EQ(error.text().expected, text.expected);
  EXPECT_EQ(error.text().found, text.found);
  EXPECT_EQ(error.text().hint, text.hint);
  EXPECT_EQ(error.reason(), "odd number");
  EXPECT_EQ(std::string(error.what()).find("odd number"), std::string::npos);
}

TEST(Error, CopiesShareThePartsAndDoNotThrow) {
  static_assert(std::is_nothrow_copy_constructible_v<Error>);
  static_assert(std::is_nothrow_copy_assignable_v<Error>);
  const Error error(ErrorKind::kData, ErrorText{.what = "is cut", .where = "a.jpg"});
  Error copy(ErrorKind::kIo, "another");
  copy = error;
  EXPECT_EQ(&copy.text(), &error.text());
  EXPECT_STREQ(copy.what(), "a.jpg: is cut");
  const Error moved = std::move(copy);
  EXPECT_EQ(copy.text().where, "a.jpg");  // NOLINT(bugprone-use-after-move): a move is a copy
  EXPECT_EQ(moved.text().where, "a.jpg");
}

TEST(Error, HasTheReasonOfItsKindWhereItHasNoneItself) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kInternal); ++kind) {
    const auto each = static_cast<ErrorKind>(kind);
    EXPECT_EQ(Error(each, "x").reason(), default_reason(each));
    EXPECT_FALSE(default_reason(each).empty());
  }
  EXPECT_EQ(default_reason(ErrorKind::kData), "invalid data");
  EXPECT_EQ(default_reason(ErrorKind::kMissingInput), "unreadable file");
  EXPECT_EQ(default_reason(ErrorKind::kIo), "read error");
  EXPECT_EQ(default_reason(ErrorKind::kInternal), "internal error");
}

TEST(Error, WithinAPlaceKeepsTheOtherParts) {
  const Error error(ErrorKind::kData, {.what = "is cut",
                                       .where = "a.jpg",
                                       .found = "4 bytes",
                                       .hint = "fetch it again",
                                       .reason = "truncated JPEG"});
  const Error placed = error.within("task 3");
  EXPECT_STREQ(placed.what(), "task 3: a.jpg: is cut: found 4 bytes. Try: fetch it again");
  EXPECT_EQ(placed.kind(), ErrorKind::kData);
  EXPECT_EQ(placed.text().where, "task 3: a.jpg");
  EXPECT_EQ(placed.text().found, "4 bytes");
  EXPECT_EQ(placed.reason(), "truncated JPEG");
  EXPECT_EQ(Error(ErrorKind::kData, "is cut").within("task 3").text().where, "task 3");
}

TEST(Error, ANoteIsAFurtherLine) {
  const Error error(ErrorKind::kData, ErrorText{.what = "is cut", .where = "a.jpg"});
  const Error noted = error.with_note("Convert it by hand").within("task 3");
  EXPECT_STREQ(noted.what(), "task 3: a.jpg: is cut\nConvert it by hand");
  EXPECT_EQ(noted.text().what, "is cut");
}

TEST(Error, IsARuntimeError) {
  EXPECT_THROW(throw Error(ErrorKind::kIo, "disk full"), std::runtime_error);
}

TEST(ExitCode, FollowsSysexits) {
  const std::map<ErrorKind, int> codes = {
      {ErrorKind::kUsage, 64},        {ErrorKind::kData, 65},     {ErrorKind::kCheckpoint, 65},
      {ErrorKind::kMissingInput, 66}, {ErrorKind::kDevice, 69},   {ErrorKind::kInternal, 70},
      {ErrorKind::kCannotCreate, 73}, {ErrorKind::kIo, 74},       {ErrorKind::kInterrupted, 75},
      {ErrorKind::kConfig, 78},       {ErrorKind::kDiverged, 17},
  };
  for (const auto& [kind, code] : codes) EXPECT_EQ(exit_code(kind), code);
}

}  // namespace
}  // namespace tandem
