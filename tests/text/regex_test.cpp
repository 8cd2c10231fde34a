#include "text/steps/regex.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "text/steps/pattern.h"

namespace tandem {
namespace {

using Words = std::vector<std::string>;

Words matches(const std::string& regex, const std::string& text) {
  Words words;
  Regex(regex, "t").for_each_match(text, [&](size_t begin, size_t end) {
    words.push_back(text.substr(begin, end - begin));
  });
  return words;
}

TEST(Regex, FindsMatchesFromLeftToRight) {
  EXPECT_EQ(matches("a+", "aab a"), (Words{"aa", "a"}));
  EXPECT_EQ(matches("x", "aab"), Words{});
  EXPECT_EQ(matches("a*", "ab"), (Words{"a", ""}));
}

TEST(Regex, ReadsPropertiesAsOnigurumaDoes) {
  EXPECT_EQ(matches("\\p{L}+", "né1ß漢"), (Words{"né", "ß漢"}));
  EXPECT_EQ(matches("[^\\s\\p{L}]+", "a ?! b"), (Words{"?!"}));
  EXPECT_EQ(matches("\\p{^L}", "a1"), (Words{"1"}));
  EXPECT_EQ(matches("\\h+", "fz1A"), (Words{"f", "1A"}));
  EXPECT_EQ(matches("\\s", "a\u180E\u0085"), (Words{"\u0085"}));
  EXPECT_EQ(matches("\\p{L}", "\U0001611D\u1C89"), (Words{"\U0001611D", "\u1C89"}))
      << "Unicode 16 has these";
  EXPECT_EQ(matches("[[:digit:]]+", "a12"), (Words{"12"}));
}

TEST(Regex, RefusesWhatMeansSomethingElse) {
  for (const char* regex : {"[a&&b]", "[a[b]]", "(", "[a", "*", "\\p{Nonsense}"}) {
    expect_error(ErrorKind::kCheckpoint, {.where = "file: part"},
                 [&] { Regex(regex, "file: part"); });
  }
}

TEST(Regex, GivesUpOnATextThatNeedsTooManySteps) {
  expect_error(ErrorKind::kData, {.what = "exceeded its step limit"},
               [] { (void)matches("(?:a+a+)+[bc]", std::string(60, 'a')); });
}

/// The state machines find what the expressions that they stand for find.
TEST(Pattern, EqualsItsExpression) {
  const std::string texts[] = {"it's 12  o'clock \n\n  x",
                               "'s 's'll 'LL 're've",
                               "a\u00A0\u3000b  ",
                               "x²½ ⅷ ١٢",
                               "<|endoftext|>!<|startoftext|>",
                               " \t'",
                               "'",
                               "  ",
                               "né\u0301e 漢字。"};
  const std::string gpt2 =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  const std::string clip = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
  const std::string specials = R"(<\|startoftext\|>|<\|endoftext\|>|)" + clip;
  for (const std::string& regex : {gpt2, clip, specials, std::string("\\s+")}) {
    const Pattern pattern = Pattern::expression(regex, "t");
    for (const std::string& text : texts) {
      Words words;
      pattern.for_each_match(text, [&](size_t begin, size_t end) {
        words.push_back(text.substr(begin, end - begin));
      });
      EXPECT_EQ(words, matches(regex, text)) << regex << " in " << text;
    }
  }
}

}  // namespace
}  // namespace tandem
