#include <gtest/gtest.h>

#include "io/files/utf8.h"
#include "tandem/core/random.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

using std::string_literals::operator""s;

const std::string kReplacement = "\xEF\xBF\xBD";

TEST(CleanCaption, LeavesCleanTextAlone) {
  for (const char* text : {"a red car", "Ein roter Wagen, größer", "赤い車", "😀 ok", "naïve café"})
    EXPECT_EQ(clean_caption(text), text);
}

TEST(CleanCaption, IsEmptyForBlankText) {
  for (const std::string& text : {""s, " "s, "\t\r\n\v\f"s, "\u00A0\u2003\u3000"s, "\uFEFF"s})
    EXPECT_EQ(clean_caption(text), "");
}

TEST(CleanCaption, TurnsAnyRunOfWhiteSpaceIntoOneSpace) {
  EXPECT_EQ(clean_caption("  a \t\r\n b  "), "a b");
  EXPECT_EQ(clean_caption("a\r\nb"), "a b");
  for (const char* space :
       {"\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085", "\u00A0", "\u1680",
        "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
        "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"}) {
    EXPECT_EQ(clean_caption("a"s + space + space + "b" + space), "a b");
  }
}

TEST(CleanCaption, DropsByteOrderMarksAndControls) {
  EXPECT_EQ(clean_caption("\uFEFFa"), "a");
  EXPECT_EQ(clean_caption("a\uFEFFb"), "ab");
  EXPECT_EQ(clean_caption("a\x01\x1B[0m\x7F"), "a[0m");
  EXPECT_EQ(clean_caption("a\u0080\u009F!"), "a!");
  EXPECT_EQ(clean_caption("a \x01 b"), "a b");
}

TEST(CleanCaption, ShowsNulAndDamageAsReplacementCharacters) {
  EXPECT_EQ(clean_caption("a\0b"s), "a" + kReplacement + "b");
  EXPECT_EQ(clean_caption("\xFF"), kReplacement);
  EXPECT_EQ(clean_caption("a\xC0\xAF"
                          "b"),
            "a" + kReplacement + kReplacement + "b");
  EXPECT_EQ(clean_caption("\xED\xA0\x80"), kReplacement + kReplacement + kReplacement);
  EXPECT_EQ(clean_caption("\xF4\x90\x80\x80"),
            kReplacement + kReplacement + kReplacement + kReplacement);
  EXPECT_EQ(clean_caption("\xF0\x9F\x98 x"), kReplacement + " x");
  EXPECT_EQ(clean_caption("caf\xE9"), "caf" + kReplacement);  // Latin-1
  EXPECT_EQ(clean_caption("\xE2\x82"), kReplacement);
}

TEST(CleanCaption, CutsBetweenCharacters) {
  EXPECT_EQ(clean_caption("aéb", 2), "a");
  EXPECT_EQ(clean_caption("aéb", 3), "aé");
  EXPECT_EQ(clean_caption("a b", 2), "a");
  EXPECT_EQ(clean_caption("a b", 3), "a b");
  EXPECT_EQ(clean_caption("\xFF\xFF", 5), kReplacement);
  EXPECT_EQ(clean_caption("abc", 0), "");
}

TEST(CleanCaption, CutsAHugeCaption) {
  const std::string huge(5'000'000, 'x');
  EXPECT_EQ(clean_caption(huge).size(), 4096U);
  EXPECT_EQ(clean_caption(std::string(5'000'000, ' ') + "end"), "end");
}

TEST(CleanCaption, GivesValidUtf8ForAnyBytesAndIsIdempotent) {
  Random random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    const size_t cap = random.below(80);
    const std::string clean = clean_caption(bytes, cap);
    EXPECT_TRUE(is_utf8(clean));
    EXPECT_LE(clean.size(), cap);
    EXPECT_EQ(clean_caption(clean, cap), clean);
  }
}

}  // namespace
}  // namespace tandem
