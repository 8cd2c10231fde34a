#include "text/unicode/unicode.h"

#include <gtest/gtest.h>

#include "text/unicode/unicode_versions.h"

namespace tandem {
namespace {

std::string normal(std::string text, NormalForm form) {
  normalize_unicode(text, form);
  return text;
}

std::string lower(std::string text) {
  lower_case(text);
  return text;
}

TEST(Unicode, KnowsClassesAsOldAsTheReferenceDoes) {
  EXPECT_TRUE(has_flag(U'ß', kLetter));
  EXPECT_TRUE(has_flag(U'½', kNumber));
  EXPECT_TRUE(has_flag(0x3000, kSpace));
  EXPECT_FALSE(has_flag(0x180E, kSpace));
  EXPECT_TRUE(has_flag(0x1611D, kLetter)) << "Unicode 16";
  EXPECT_TRUE(has_flag(0x16FF4, kNumeric)) << "Unicode 17";
  EXPECT_FALSE(has_flag(0x2E52, kPunctuation)) << "younger than the table of punctuation";
  EXPECT_TRUE(has_flag(U'$', kPunctuation));
  EXPECT_FALSE(has_flag(0x7FD, kNonspacing)) << "Unicode 11";
  EXPECT_FALSE(has_flag(0x378, kOther)) << "unassigned";
}

TEST(Unicode, Normalizes) {
  EXPECT_EQ(normal("e\u0301", NormalForm::kNfc), "é");
  EXPECT_EQ(normal("é", NormalForm::kNfd), "e\u0301");
  EXPECT_EQ(normal("ﬁ²", NormalForm::kNfkc), "fi2");
  EXPECT_EQ(normal("각", NormalForm::kNfd), "\u1100\u1161\u11A8");
  EXPECT_EQ(normal("a\u0301\u0323", NormalForm::kNfd), "a\u0323\u0301");
  EXPECT_EQ(normal("㋿", NormalForm::kNfkc), "㋿") << "younger than the reference's tables";
  EXPECT_EQ(normal("e\u07FD\u0301", NormalForm::kNfc), "e\u07FD\u0301");
  EXPECT_EQ(normal("\u1110\u1175\u11A7", NormalForm::kNfc), "티\u11A7") << "no final consonant";
  EXPECT_EQ(normal("\u1110\u1175\u11A8", NormalForm::kNfc), "틱");
}

TEST(Unicode, JoinsClustersAsYoungAsTheReferenceDoes) {
  for (const char32_t mark : {0x897, 0x11B60, 0x1E6F5}) EXPECT_EQ(known_in_clusters(mark), 0x300);
  EXPECT_EQ(known_in_clusters(0x113D1), 0x600);
  EXPECT_EQ(known_in_clusters(U'é'), U'é');
}

TEST(Unicode, LowersCaseCharacterByCharacter) {
  EXPECT_EQ(lower("ABC xyz"), "abc xyz");
  EXPECT_EQ(lower("ΣΑΣ ÄÖ İ"), "σασ äö i\u0307");
  EXPECT_EQ(lower("\u1C89"), "\u1C8A");
}

TEST(Unicode, ReplacesDamage) {
  EXPECT_EQ(replace_damage("a\xFF\xE2\x82z"), "a\uFFFD\uFFFDz");
  EXPECT_EQ(replace_damage("sound"), "sound");
}

TEST(Unicode, WritesUtf8) {
  std::string text;
  for (const char32_t c : {U'a', U'é', U'漢', U'😀'}) append_utf8(text, c);
  EXPECT_EQ(text, "aé漢😀");
  EXPECT_EQ(last_character(text), text.size() - 4);
}

}  // namespace
}  // namespace tandem
