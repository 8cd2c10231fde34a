#include "data/rows/text_input.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/gzip.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

std::string rest_of(TextInput& input) {
  std::string text;
  for (int c = input.get(); c != TextInput::kEnd; c = input.get()) text += static_cast<char>(c);
  return text;
}

class TextInputTest : public testing::Test {
 protected:
  std::string read(const std::string& content) {
    write_file_atomically(path(), content);
    TextInput input(path());
    return rest_of(input);
  }
  void refuses(const ErrorParts& parts, const std::string& content) {
    expect_error(ErrorKind::kData, parts, [&] { (void)read(content); });
  }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "list.tsv"; }
  TemporaryFolder folder_;
};

/// Lines that gzip cannot make small.
std::string long_text() {
  std::string text;
  for (uint64_t i = 0; i < 60000; ++i) text += std::to_string(i * 0x9E3779B97F4A7C15U) + "\n";
  return text;
}

TEST_F(TextInputTest, ReadsGzipUnderAnyName) {
  EXPECT_EQ(read(gzip("a\tb\n")), "a\tb\n");
  EXPECT_EQ(read(gzip("\xEF\xBB\xBF"
                      "a")),
            "a");
  EXPECT_EQ(read(gzip("")), "");
  EXPECT_EQ(read(gzip(long_text())), long_text());
  EXPECT_EQ(read(gzip("one ") + gzip("two") + std::string(1000, '\0')), "one two");
  const std::string packed = gzip(long_text());
  EXPECT_EQ(read(packed + packed), long_text() + long_text());
}

TEST_F(TextInputTest, RefusesDamagedGzip) {
  const std::string whole = gzip(long_text());
  refuses({.what = "truncated"}, whole.substr(0, whole.size() / 2));
  refuses({.what = "truncated"}, whole.substr(0, whole.size() - 1));
  refuses({.what = "truncated"}, whole.substr(0, 2));
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 1;  // the checksum
  refuses({.what = "damaged gzip"}, damaged);
  refuses({.what = "damaged gzip"}, whole + "garbage");
}

TEST_F(TextInputTest, RefusesOtherKindsOfFile) {
  refuses({.found = "UTF-16"},
          "\xFF\xFE"
          "a");
  refuses({.found = "UTF-16"}, gzip("\xFE\xFF"
                                    "a"));
  refuses({.found = "an HTML page"}, "<!DOCTYPE html><html>");
  refuses({.found = "a Git LFS pointer"},
          "version https://git-lfs.github.com/spec/v1\noid sha256:1\n");
  refuses({.found = "a zip archive"}, std::string("PK\x03\x04xl/workbook.xml"));
}

TEST_F(TextInputTest, NoticesAFileThatChangesWhileItIsRead) {
  for (const bool longer : {true, false}) {
    write_file_atomically(path(), long_text());
    TextInput input(path());
    for (int i = 0; i < 10; ++i) (void)input.get();
    if (longer)
      std::ofstream(path(), std::ios::app) << "one more line\n";
    else
      std::filesystem::resize_file(path(), 400000);
    expect_error(ErrorKind::kData, {.what = "changed while it was read"},
                 [&] { (void)rest_of(input); });
  }
}

TEST_F(TextInputTest, NoticesBytesThatChangeWhileTheyAreRead) {
  write_file_atomically(path(), long_text());
  TextInput input(path());
  const auto before = std::filesystem::last_write_time(path());
  std::fstream(path(), std::ios::in | std::ios::out) << "x";
  std::filesystem::last_write_time(path(), before + std::chrono::seconds(1));
  expect_error(ErrorKind::kData, {.what = "changed while it was read"},
               [&] { (void)rest_of(input); });
}

}  // namespace
}  // namespace tandem
