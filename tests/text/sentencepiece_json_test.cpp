// A sentencepiece model and the tokenizer.json that is made of it give the same ids.
#include "text/sentencepiece/sentencepiece_json.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "text/captions.h"
#include "text/huggingface/tokenizer_files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

const fs::path kTokens = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/tokens";

Tokenizer as_json(const Tokenizer& tokenizer) {
  const TemporaryFolder folder;
  tokenizer.save(folder / "tokenizer.model");
  const auto engine = load_engine(folder / "tokenizer.model", {});
  return Tokenizer::parse(engine->to_hugging_face().json, "tokenizer.json");
}

void expect_same_ids(const Tokenizer& ours, const std::vector<std::string>& texts) {
  const Tokenizer written = as_json(ours);
  for (const std::string& text : texts)
    EXPECT_EQ(ours.encode(text, 512).ids, written.encode(text, 512).ids) << text;
}

/// What captions of the web hold, and what breaks tokenizers.
const std::vector<std::string> kTexts = {
    "", " ", "   ", "a", " leading", "trailing ", "two  spaces   three",
    "\t tab\tand\r\nline\nends\r", "A Red CIRCLE", "1,234.56 metres & more",
    "bell\x07 and\x01 delete\x7F",
    // NBSP, ideographic and zero-width spaces, byte order mark, line separator
    "no\u00A0break", "wide\u3000space", "zero\u200Bwidth", "\uFEFFmark", "line\u2028separator",
    // NFD: Vietnamese, Korean, French, Japanese, upper case with accents
    "Tie\u0302\u0301ng Vie\u0323\u0302t", "\u1112\u1161\u11AB\u1100\u116E\u11A8\u110B\u1165",
    "cafe\u0301", "\u304B\u3099\u30CF\u309A", "E\u0301TE\u0301 A\u0300 LA PLAGE",
    "D\u0323A\u0302\u0301", "X\u0302 Z\u0327", "e\u0301\u0301", "A\u20DD", "\u00AA\u0301",
    // the same composed, and cased letters of other scripts
    "Tiếng Việt", "한국어", "ÉTÉ À LA PLAGE", "Straße İstanbul ΣΑΣ Ǆ", "Привет МИР",
    // CJK, full and half width, compatibility
    "一只猫坐在桌子上", "ＡＢＣ１２３", "ｶﾞｷﾞ ﾊﾟﾊﾞ", "①½ﬁ㌔™", "東京 カタカナ ひらがな",
    // Indic, Thai, Arabic, Hebrew
    "क्षि नमस्ते", "กำ ที่", "مُحَمَّد", "שָׁלוֹם",
    // emoji: joined, with skin tone, flags, keycaps, variation selectors
    "👨\u200D👩\u200D👧 family", "👍🏽", "🇩🇪🇫🇷", "1\uFE0F\u20E3", "❤\uFE0F",
    "🏳\uFE0F\u200D🌈",
    // the texts of special pieces
    "<s> a red </s> <pad> <unk>", "x<s", "</s></s>"};

/// Captions whose vocabulary has a piece for what the texts hold.
std::vector<std::string> captions_with_texts() {
  std::vector<std::string> captions = shape_captions();
  for (int i = 0; i < 8; ++i) captions.insert(captions.end(), kTexts.begin(), kTexts.end());
  return captions;
}

TEST(SentencePieceJson, GivesTheIdsOfATrainedModel) {
  for (const TokenizerModel kind : {TokenizerModel::kUnigram, TokenizerModel::kBpe}) {
    for (const bool lowercase : {false, true}) {
      TokenizerOptions options = training(260, kind);
      options.lowercase = lowercase;
      const Tokenizer ours = train_tokenizer(captions_with_texts(), options);
      expect_same_ids(ours, shape_captions());
      expect_same_ids(ours, kTexts);
    }
  }
}

TEST(SentencePieceJson, GivesTheIdsOfPublishedKinds) {
  for (const char* name :
       {"spm_xlmr/sentencepiece.bpe.model", "spm_t5/spiece.model", "spm_bpe/spiece.model"})
    expect_same_ids(Tokenizer::load(kTokens / name), kTexts);
}

TEST(SentencePieceJson, RefusesSpacesAtTheEndOfWords) {
  SentencePieceFile file;
  file.space_is_suffix = true;
  expect_error(ErrorKind::kConfig, {.where = "treat_whitespace_as_suffix"},
               [&] { (void)sentencepiece_json(file, {}); });
}

TEST(SentencePieceProto, RefusesWhatIsCutShort) {
  const std::string model = read_file(kTokens / "spm_t5/spiece.model");
  EXPECT_GT(read_sentencepiece_file(model, "here").pieces.size(), 100U);
  expect_error(ErrorKind::kCheckpoint, {.where = "here"}, [&] {
    (void)read_sentencepiece_file(std::string_view(model).substr(0, model.size() - 3), "here");
  });
}

}  // namespace
}  // namespace tandem
