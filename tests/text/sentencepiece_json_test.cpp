// A sentencepiece model and the tokenizer.json that is made of it give the same ids.
#include "text/sentencepiece_json.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "text/captions.h"
#include "text/tokenizer_files.h"

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

TEST(SentencePieceJson, GivesTheIdsOfATrainedModel) {
  for (const TokenizerModel kind : {TokenizerModel::kUnigram, TokenizerModel::kBpe}) {
    for (const bool lowercase : {false, true}) {
      TokenizerOptions options = training(60, kind);
      options.lowercase = lowercase;
      const Tokenizer ours = train_tokenizer(shape_captions(), options);
      expect_same_ids(ours, shape_captions());
      expect_same_ids(ours, {"", " ", "A Red CIRCLE", "  two  spaces\tand a tab\n",
                             "bell\x07 and\x01", "\xEF\xBB\xBFmark",
                             "no\xC2\xA0"
                             "break",
                             "cafe\xCC\x81 é", "한국어 \xE1\x84\x92\xE1\x85\xA1",
                             "<s> a red </s> <pad> <unk>", "x<s", "①½ﬁ"});
    }
  }
}

TEST(SentencePieceJson, GivesTheIdsOfPublishedKinds) {
  for (const char* name :
       {"spm_xlmr/sentencepiece.bpe.model", "spm_t5/spiece.model", "spm_bpe/spiece.model"})
    expect_same_ids(Tokenizer::load(kTokens / name),
                    {"a photo of a cat", "Zwei Hunde laufen durch den Schnee.", "cafe\xCC\x81 é",
                     "Привет мир", "一只猫坐在桌子上", "1,234.56 metres & more"});
}

TEST(SentencePieceJson, RefusesSpacesAtTheEndOfWords) {
  SentencePieceFile file;
  file.space_is_suffix = true;
  expect_error(ErrorKind::kConfig, "treat_whitespace_as_suffix",
               [&] { (void)sentencepiece_json(file, {}); });
}

TEST(SentencePieceProto, RefusesWhatIsCutShort) {
  const std::string model = read_file(kTokens / "spm_t5/spiece.model");
  EXPECT_GT(read_sentencepiece_file(model, "here").pieces.size(), 100U);
  expect_error(ErrorKind::kCheckpoint, "here", [&] {
    (void)read_sentencepiece_file(std::string_view(model).substr(0, model.size() - 3), "here");
  });
}

}  // namespace
}  // namespace tandem
