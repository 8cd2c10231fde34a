#include "tandem/core/text.h"

#include <gtest/gtest.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

TEST(Printable, LeavesTextAsItIs) {
  for (const char* text : {"", "a photo", "größe 猫 😀", "back\\slash", "tab\there", "\u200Frtl"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(printable("over\rwritten\b\x7f"), "over\\rwritten\\x08\\x7f");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m"), "\\u{009b}31m");                 // CSI in one character
  EXPECT_EQ(printable("a\u202Egpj.exe"), "a\\u{202e}gpj.exe");       // right to left
  EXPECT_EQ(printable("a\u2028b\u2066c"), "a\\u{2028}b\\u{2066}c");  // line separator, isolate
}

TEST(Printable, KeepsLineEndsOnlyWhereAsked) {
  EXPECT_EQ(printable("a\nerror: b"), "a\\nerror: b");
  EXPECT_EQ(printable("a\n  b\r\n", LineEnds::kKeep), "a\n  b\\r\n");
}

TEST(Printable, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("caf\xe9.jpg"), "caf\\xe9.jpg");
  EXPECT_EQ(printable("\x9b"
                      "31m"),
            "\\x9b31m");
  EXPECT_EQ(printable("\xf0\x9f\x98"), "\\xf0\\x9f\\x98");
}

TEST(EscapeBytes, GivesValidUtf8ThatCanBeUndone) {
  EXPECT_EQ(escape_bytes("caf\xe9 \xc3\xa9.jpg"), "caf\\xe9 \xc3\xa9.jpg");
  EXPECT_EQ(escape_bytes("a\\xe9\xff"), "a\\\\xe9\\xff");
  EXPECT_TRUE(is_utf8(escape_bytes("\x80\xff\xc0\xed\xa0\x80")));
}

TEST(Shortened, KeepsShortTextsAsTheyAre) {
  EXPECT_EQ(shortened(""), "");
  EXPECT_EQ(shortened(std::string(200, 'a')), std::string(200, 'a'));
}

TEST(Shortened, KeepsBeginningAndEndAndSaysHowMuchIsLeftOut) {
  EXPECT_EQ(shortened("\"" + std::string(998, 'a') + "\"", 9), "\"aaaaa… (991 bytes) …aa\"");
}

TEST(Shortened, CutsBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "€";
  EXPECT_EQ(shortened(text, 12), "€€… (291 bytes) …€");
  EXPECT_EQ(shortened(std::string(100, '\x80'), 12), "… (100 bytes) …");
}

TEST(Error, NeverHoldsAValueWhole) {
  const std::string huge(1'000'000, '7');
  const Error error(ErrorKind::kConfig, {.what = "is out of range " + huge,
                                         .where = huge,
                                         .expected = huge,
                                         .found = huge,
                                         .hint = huge});
  EXPECT_LT(std::string_view(error.what()).size(), 4000U);
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(i) + " of a list of mistakes\n";
  EXPECT_EQ(Error(ErrorKind::kConfig, lines).what(), lines);
}

TEST(EditDistance, CountsSwapsAsOneEdit) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("widht", "width"), 1U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
}

}  // namespace
}  // namespace tandem
