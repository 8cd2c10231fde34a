#include "io/files/utf8.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(ReadUtf8, ReadsOneToFourBytes) {
  EXPECT_EQ(read_utf8("a").code_point, U'a');
  EXPECT_EQ(read_utf8("é!").code_point, U'é');
  EXPECT_EQ(read_utf8("€").code_point, U'€');
  EXPECT_EQ(read_utf8("😀").code_point, U'😀');
  EXPECT_EQ(read_utf8("😀").bytes, 4U);
  EXPECT_EQ(read_utf8("\xF4\x8F\xBF\xBF").code_point, 0x10FFFFU);
  EXPECT_EQ(read_utf8("\xED\x9F\xBF").code_point, 0xD7FFU);
}

TEST(IsUtf8, RefusesEveryKindOfDamage) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("plain, é, €, 😀"));
  for (const char* damaged : {
           "\x80",                  // continuation alone
           "\xC3",                  // cut
           "\xC3(",                 // continuation missing
           "\xC0\xAF",              // overlong
           "\xE0\x80\xAF",          // overlong
           "\xF0\x80\x80\xAF",      // overlong
           "\xED\xA0\x80",          // surrogate
           "\xF4\x90\x80\x80",      // beyond U+10FFFF
           "\xF8\x88\x80\x80\x80",  // five bytes
           "\xFF",
       })
    EXPECT_FALSE(is_utf8(std::string("ok ") + damaged + " ok")) << damaged;
}

TEST(ReadUtf8, StepsOverDamageAsTheUnicodeStandardSays) {
  const Utf8Step cut = read_utf8("\xF0\x9F\x98 x");
  EXPECT_FALSE(cut.valid);
  EXPECT_EQ(cut.code_point, 0xFFFDU);
  EXPECT_EQ(cut.bytes, 3U);
  EXPECT_EQ(read_utf8("\xED\xA0\x80").bytes, 1U);
  EXPECT_EQ(read_utf8("\xE2\x82").bytes, 2U);
}

TEST(InQuotes, CutsLongNamesAndHidesControls) {
  EXPECT_EQ(in_quotes("a.b"), "\"a.b\"");
  EXPECT_EQ(in_quotes(std::string_view("a\0\x1B\xFF", 4)), "\"a???\"");
  EXPECT_LT(in_quotes(std::string(1000, 'x')).size(), 100U);
}

}  // namespace
}  // namespace tandem
