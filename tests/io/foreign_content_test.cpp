#include "io/files/foreign_content.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(ForeignContent, IsCalledWhatItIs) {
  const auto name = [](std::string_view bytes) {
    const auto found = recognize_foreign_content(bytes);
    return found ? std::string(found->name) : std::string();
  };
  EXPECT_EQ(name("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n"),
            "a Git LFS pointer");
  EXPECT_EQ(name("\n <!DOCTYPE html><html>"), "an HTML page");
  EXPECT_EQ(name("\xEF\xBB\xBF<HTML lang=\"en\">"), "an HTML page");
  EXPECT_NE(name(std::string_view("PK\x03\x04\x00\x00", 6)).find("zip archive"), std::string::npos);
  EXPECT_NE(name("\x80\x02\x8A\x0A").find("pickle"), std::string::npos);
  EXPECT_EQ(name("\x1F\x8B\x08"), "a gzip archive");
}

TEST(ForeignContent, LeavesOtherBytesAlone) {
  EXPECT_FALSE(recognize_foreign_content(""));
  EXPECT_FALSE(recognize_foreign_content("\x80"));
  EXPECT_FALSE(recognize_foreign_content(std::string_view("\x40\0\0\0\0\0\0\0{", 9)));
  EXPECT_FALSE(recognize_foreign_content("version 3"));
  EXPECT_FALSE(recognize_foreign_content("<xml>"));
}

}  // namespace
}  // namespace tandem
