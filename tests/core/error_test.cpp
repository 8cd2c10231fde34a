#include "tandem/core/error.h"

#include <map>

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
