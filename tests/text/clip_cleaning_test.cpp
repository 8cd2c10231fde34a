#include "text/clip_cleaning.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(CleanAsClip, ResolvesReferencesTwice) {
  EXPECT_EQ(clean_as_clip("a &amp;lt; b"), "a < b");
  EXPECT_EQ(clean_as_clip("&amp;amp;amp;"), "&amp;");
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
  EXPECT_EQ(clean_as_clip("ΟΔΥΣΣΕΥΣ Σ ΑΣ. ΑΣΒ A\u0301"), "οδυσσευς σ ας. ασβ a\u0301");
}

}  // namespace
}  // namespace tandem
