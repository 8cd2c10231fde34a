#include "tandem/eval/caption_scores.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

constexpr double kClose = 1e-12;

std::ifstream open_golden(const char* name) {
  return std::ifstream(std::filesystem::path(TANDEM_SOURCE_DIR) / "tests/golden/captions" / name);
}

std::vector<Json> golden_lines(const char* name) {
  std::ifstream file = open_golden(name);
  std::vector<Json> rows;
  for (std::string line; std::getline(file, line);) rows.push_back(Json::parse(line));
  return rows;
}

std::string joined_words(const std::string& caption, const std::string& next = "") {
  std::string text;
  for (const std::string& word : caption_words(caption, next))
    text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<CaptionCase> golden_cases() {
  std::vector<CaptionCase> cases;
  for (const Json& row : golden_lines("cases.jsonl"))
    cases.push_back({.image = row["image"],
                     .caption = row["caption"],
                     .references = row["references"].get<std::vector<std::string>>()});
  return cases;
}

TEST(CaptionWords, HardCaptionsHaveTheTokenizersWords) {
  const std::vector<Json> rows = golden_lines("words.jsonl");
  ASSERT_GE(rows.size(), 35U);
  for (const Json& row : rows)
    EXPECT_EQ(joined_words(row["caption"]), row["words"].get<std::string>()) << row["caption"];
}

TEST(CaptionWords, CaptionsAndReferencesHaveTheTokenizersWords) {
  const std::vector<Json> rows = golden_lines("cases.jsonl");
  ASSERT_EQ(rows.size(), 200U);
  std::vector<std::pair<std::string, std::string>> captions;  // and their words, in file order
  std::vector<std::pair<std::string, std::string>> references;
  for (const Json& row : rows) {
    captions.emplace_back(row["caption"], row["words"]);
    for (size_t k = 0; k < row["references"].size(); ++k)
      references.emplace_back(row["references"][k], row["reference_words"][k]);
  }
  for (const auto* file : {&captions, &references}) {
    for (size_t i = 0; i < file->size(); ++i) {
      const auto& [caption, words] = (*file)[i];
      const std::string next = i + 1 < file->size() ? (*file)[i + 1].first : "";
      EXPECT_EQ(joined_words(caption, next), words) << caption;
    }
  }
}

TEST(CaptionWords, TheNextCaptionDecidesWhetherALetterEndsASentence) {
  EXPECT_EQ(joined_words("He has a plan b."), "he has a plan b.");
  EXPECT_EQ(joined_words("He has a plan b.", "A dog"), "he has a plan b");
  EXPECT_EQ(joined_words("He has a plan b.", "a dog"), "he has a plan b.");
}

TEST(CaptionWords, AreLowerCaseWithoutPunctuation) {
  EXPECT_EQ(joined_words("A man's dog isn't here (now)."),
            "a man 's dog is n't here -lrb- now -rrb-");
  EXPECT_EQ(joined_words("\"Yes\", -- he said..."), "yes he said");
  EXPECT_EQ(caption_words(""), std::vector<std::string>{});
  EXPECT_EQ(caption_words(" . "), std::vector<std::string>{});
}

TEST(CaptionWords, DamagedBytesAndEmojiAreDropped) {
  EXPECT_EQ(joined_words("a\xFF dog\xF0\x9F\x90\xB6s"), "a dog s");
}

TEST(CaptionScores, EqualPycocoevalcapOnEachPicture) {
  const CaptionScores scores = score_captions(golden_cases());
  const std::vector<Json> rows = golden_lines("cases.jsonl");
  ASSERT_EQ(scores.image_cider.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(scores.image_rouge_l[i], rows[i]["rouge_l"].get<double>(), kClose) << rows[i];
    EXPECT_NEAR(scores.image_cider[i], rows[i]["cider"].get<double>(), kClose) << rows[i];
  }
}

TEST(CaptionScores, EqualPycocoevalcapOnCorpora) {
  const std::vector<CaptionCase> all = golden_cases();
  const Json golden = Json::parse(open_golden("scores.json"));
  ASSERT_EQ(golden["corpora"].size(), 6U);
  for (const Json& corpus : golden["corpora"]) {
    const auto first = all.begin() + corpus["first"].get<std::ptrdiff_t>();
    const CaptionScores scores =
        score_captions({first, first + corpus["count"].get<std::ptrdiff_t>()});
    for (size_t n = 0; n < 4; ++n)
      EXPECT_NEAR(scores.bleu[n], corpus["bleu"][n].get<double>(), kClose) << n << corpus;
    EXPECT_NEAR(scores.rouge_l, corpus["rouge_l"].get<double>(), kClose) << corpus;
    EXPECT_NEAR(scores.cider, corpus["cider"].get<double>(), kClose) << corpus;
  }
}

TEST(CaptionScores, APerfectCaptionHasTheHighestScores) {
  const CaptionScores scores = score_captions(
      {{.image = "a", .caption = "a red bird sings", .references = {"A red bird sings."}},
       {.image = "b", .caption = "two dogs run home", .references = {"Two dogs run home!"}}});
  EXPECT_NEAR(scores.bleu[3], 1.0, 1e-6);
  EXPECT_NEAR(scores.rouge_l, 1.0, kClose);
  EXPECT_NEAR(scores.cider, 10.0, kClose);
}

TEST(CaptionScores, TheNextPicturesReferenceEndsASentenceToo) {
  const CaptionScores scores = score_captions(
      {{.image = "a", .caption = "plan b", .references = {"plan b."}},
       {.image = "b", .caption = "x", .references = {"The dog runs over a green field again."}}});
  EXPECT_NEAR(scores.image_rouge_l[0], 1.0, kClose);
}

TEST(CaptionScores, NothingToScoreIsAnError) {
  EXPECT_THROW((void)score_captions({}), Error);
  try {
    (void)score_captions({{.image = "lonely.jpg", .caption = "a", .references = {}}});
    FAIL() << "a picture without references was scored";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(error.text().where, "lonely.jpg");
  }
}

}  // namespace
}  // namespace tandem
