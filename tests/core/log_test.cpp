#include "tandem/core/log.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

TEST(Log, IsSilentUntilAProgramAsks) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  log_info("nobody listens");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(LogFile, ReceivesMessagesWhileItLivesAndAtOnce) {
  const TemporaryFolder folder;
  const auto path = folder / "train.log";
  {
    const LogFile file(path);
    log_info("step 1 of 10");
    EXPECT_NE(read_file(path).find("info: step 1 of 10\n"), std::string::npos);
  }
  log_info("too late");
  EXPECT_EQ(read_file(path).find("too late"), std::string::npos);
}

TEST(LogFile, ReceivesControlCharactersEscaped) {
  const TemporaryFolder folder;
  const auto path = folder / "train.log";
  const LogFile file(path);
  log_warn("caption \x1b[2J\r of\n  two lines");
  EXPECT_NE(read_file(path).find("caption \\x1b[2J\\r of\n  two lines\n"), std::string::npos);
}

TEST(LogFile, SaysWhenItCannotBeOpened) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kCannotCreate, ErrorParts{.where = folder.path().string()},
               [&] { const LogFile file(folder.path()); });
}

TEST(Log, ParsesLevelNames) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::kDebug);
  EXPECT_EQ(parse_log_level("off"), LogLevel::kOff);
  expect_error(ErrorKind::kUsage,
               ErrorParts{.expected = "debug, info, warn, error or off", .found = "loud"},
               [] { (void)parse_log_level("loud"); });
}

}  // namespace
}  // namespace tandem
