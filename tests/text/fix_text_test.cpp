#include "text/cleaning/fix_text.h"

#include <gtest/gtest.h>

#include "io/files/utf8.h"
#include "tandem/core/random.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

using std::string_literals::operator""s;

// The expected texts are what ftfy 6.3.1 returns.

TEST(FixText, LeavesSoundTextAlone) {
  for (const char* text : {"a red car", "Ein grüner Frosch, größer", "赤い車", "😀 ok", "naïve café",
                           "Зелёная лягушка", "Ένας βάτραχος", "a\tb\nc", ""})
    EXPECT_EQ(fix_text(text), text);
}

TEST(FixText, UndoesMojibake) {
  EXPECT_EQ(fix_text("schÃ¶n"), "schön");
  EXPECT_EQ(fix_text("itâ€™s a â€œtestâ€\u009D"), "it's a \"test\"");
  EXPECT_EQ(fix_text("voilÃ le travail"), "voilà le travail");
  EXPECT_EQ(fix_text("Ã la carte"), "à la carte");
  EXPECT_EQ(fix_text("ÃƒÂ©tÃƒÂ©"), "été");                               // twice
  EXPECT_EQ(fix_text("Р·РµР»С‘РЅР°СЏ"), "зелёная");                      // Windows-1251
  EXPECT_EQ(fix_text("GrÃ¼Ãe und schÃ¶n"), "GrüÃe und schön");           // part of it is lost
  EXPECT_EQ(fix_text("├⌐t├⌐"), "été");                                   // cp437
  EXPECT_EQ(fix_text("caf√© ‚Äì"), "café –");                            // MacRoman
  EXPECT_EQ(fix_text("â€œ like this â€\uFFFD"), "\" like this \uFFFD");  // a lost byte
}

TEST(FixText, UndoesMojibakeBesideSoundText) {
  EXPECT_EQ(fix_text("Зелёная schÃ¶ne 赤"), "Зелёная schöne 赤");
}

TEST(FixText, ReadsSurrogatePairsAndNullsInUtf8) {
  EXPECT_EQ(fix_text("\u00ED\u00A0\u00BD\u00ED\u00B8\u0080!"), "😀!");
}

TEST(FixText, ResolvesHtmlWithSemicolons) {
  EXPECT_EQ(fix_text("a &amp;amp; b &hellip; P&EACUTE;REZ &SZLIG; &NTILDE;"), "a & b … PÉREZ SS Ñ");
  EXPECT_EQ(fix_text("this&not that &amp &#59; &#65abc;"), "this&not that &amp &#59; &#65abc;");
  EXPECT_EQ(fix_text("<b>&amp;</b>"), "<b>&amp;</b>");
  EXPECT_EQ(fix_text("&amp;\n<\n&amp;"), "&\n<\n&amp;");  // from the line with < on
}

TEST(FixText, TakesApartLigaturesAndWidths) {
  EXPECT_EQ(fix_text("ﬂuﬃeﬆ Ĳ ŉ ǆ"), "fluffiest IJ 'n dž");
  EXPECT_EQ(fix_text("ＬＯＵＤ　ＮＯＩＳＥＳ Ｕﾀｰﾝ"), "LOUD NOISES Uターン");
}

TEST(FixText, StraightensQuotesAndLineEnds) {
  EXPECT_EQ(fix_text("‘a’ ‚b‛ “c” „d‟ ʼe"), "'a' 'b' \"c\" \"d\" 'e");
  EXPECT_EQ(fix_text("a\r\nb\rc\u2028d\u2029e"), "a\nb\nc\nd\ne");
}

TEST(FixText, DropsEscapesAndControls) {
  EXPECT_EQ(fix_text("\x1B[36;44mI'm blue\x1B[0m \x1B[m\x1B[;A"), "I'm blue ");
  EXPECT_EQ(fix_text("a\x1C\x0B\x7F\uFEFF\u206A\uFFFC"
                     "b\0c"s),
            "abc");
  EXPECT_EQ(fix_text("a\u0085b \u0093c"), "a…b \"c");
}

TEST(FixText, ComposesCharacters) {
  EXPECT_EQ(fix_text("e\u0301 A\u030A \u1112\u1161\u11AB"), "é Å 한");
  EXPECT_EQ(fix_text("가\u11A7"), "가\u11A7");
}

TEST(FixText, GivesValidUtf8ForAnyBytes) {
  Random random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random.below(64), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    std::string latin;
    for (const char byte : bytes) append_utf8(latin, static_cast<uint8_t>(byte));
    EXPECT_TRUE(is_utf8(fix_text(replace_damage(bytes))));
    EXPECT_TRUE(is_utf8(fix_text(latin)));
  }
}

// ftfy needs a round over the whole text for each `amp;` here.
TEST(FixText, EndsOnTextThatIsEscapedWithoutEnd) {
  std::string text = "&";
  for (int level = 0; level < 20'000; ++level) text += "amp;";
  EXPECT_EQ(fix_text(text).size(), text.size() - 100 * 4);
}

}  // namespace
}  // namespace tandem
