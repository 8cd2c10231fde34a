#include "text/cleaning/text_cleaning.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

std::string clean_as_clip(std::string_view text) {
  return clean_text(text, TextCleaning::kClipOriginal);
}

TEST(CleanAsClip, ResolvesReferencesTwice) {
  EXPECT_EQ(clean_as_clip("a &amp;lt; b"), "a < b");
  EXPECT_EQ(clean_as_clip("< &amp;amp;amp;"), "< &amp;");  // where ftfy resolves none
  EXPECT_EQ(clean_as_clip("&amp;amp;amp;"), "&");
  EXPECT_EQ(clean_as_clip("&#8364;&#x20AC;&#128;&#0;&#x110000;"), "€€€\uFFFD\uFFFD");
  EXPECT_EQ(clean_as_clip("&notit; &copy2024 &nbsp &xyz; & &#; &#x;"),
            "¬it; ©2024 &xyz; & &#; &#x;");
  EXPECT_EQ(clean_as_clip("&#1;x&acE;"), "x∾̳");
}

TEST(CleanAsClip, TrimsAndJoinsWhiteSpace) {
  EXPECT_EQ(clean_as_clip(" \x1C a \t\n b\u3000c\u00A0"), "a b c");
  EXPECT_EQ(clean_as_clip(""), "");
}

TEST(CleanAsClip, LowersCaseAsPythonDoes) {
  EXPECT_EQ(clean_as_clip("ⅷΣ 1Σ"), "ⅷς 1σ");
  EXPECT_EQ(clean_as_clip("ΟΔΥΣΣΕΥΣ Σ ΑΣ. ΑΣΒ A\u0301"), "οδυσσευς σ ας. ασβ á");
}

// What open_clip 3.3.0's _clean_whitespace, _clean_lower and _clean_canonicalize return.
TEST(CleanText, CleansAsOpenClipDoesForHuggingFaceTokenizers) {
  const std::string text = " A &amp;amp; B\x1C\u3000<b>It's_ΟΣ</b>  !?  \u00A1Hola! ";
  EXPECT_EQ(clean_text(text, TextCleaning::kAsFile), text);
  EXPECT_EQ(clean_text(text, TextCleaning::kWhitespace), "A & B <b>It's_ΟΣ</b> !? \u00A1Hola!");
  EXPECT_EQ(clean_text(text, TextCleaning::kLower), "a & b <b>it's_ος</b> !? \u00A1hola!");
  EXPECT_EQ(clean_text(text, TextCleaning::kCanonicalize), "a b bits οσb \u00A1hola");
  EXPECT_EQ(clean_text("!?", TextCleaning::kCanonicalize), "");
}

TEST(CleanText, NamesItsWays) {
  for (const char* name :
       {"none", "clip_original", "open_clip", "whitespace", "lower", "canonicalize"})
    EXPECT_STREQ(cleaning_name(cleaning_named(name).value()), name);
  EXPECT_FALSE(cleaning_named("original").has_value());
}

}  // namespace
}  // namespace tandem
