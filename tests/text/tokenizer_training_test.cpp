#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "text/captions.h"

namespace tandem {
namespace {

class TokenizerTraining : public testing::TestWithParam<TokenizerModel> {};

TEST_P(TokenizerTraining, FixesTheSpecialIds) {
  const Tokenizer tokenizer = train_tokenizer(shape_captions(), training(45, GetParam()));
  EXPECT_EQ(tokenizer.bos_id(), 0);
  EXPECT_EQ(tokenizer.pad_id(), 1);
  EXPECT_EQ(tokenizer.eos_id(), 2);
  EXPECT_EQ(tokenizer.unk_id(), 3);
  EXPECT_EQ(tokenizer.vocab_size(), 45);
}

TEST_P(TokenizerTraining, GivesTheSameModelForTheSameCaptions) {
  const auto first = train_tokenizer(shape_captions(), training(45, GetParam()));
  const auto second = train_tokenizer(shape_captions(), training(45, GetParam()));
  EXPECT_EQ(first.fingerprint(), second.fingerprint());
  const auto smaller = train_tokenizer(shape_captions(), training(40, GetParam()));
  EXPECT_NE(first.fingerprint(), smaller.fingerprint());
}

TEST_P(TokenizerTraining, IsAsLargeAsTheCaptionsAllowAndSaysSo) {
  const TemporaryFolder folder;
  const LogFile log(folder / "log");
  const Tokenizer tokenizer = train_tokenizer(shape_captions(), training(20000, GetParam()));
  EXPECT_LT(tokenizer.vocab_size(), 2000);
  EXPECT_GT(tokenizer.vocab_size(), 30);
  const std::string words = read_file(folder / "log");
  EXPECT_NE(words.find("do not give the 20000 pieces"), std::string::npos) << words;
  for (const std::string& caption : shape_captions())
    EXPECT_EQ(tokenizer.encode(caption, 77).unknown, 0);
}

TEST_P(TokenizerTraining, WorksOnOneTinyCaption) {
  for (const char* caption : {"a", "ab ab", "aaaaaaaa", "a a a a a a a a", "車"}) {
    const Tokenizer tokenizer = train_tokenizer({caption}, training(1000, GetParam()));
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(caption, 77).ids), caption);
  }
}

TEST_P(TokenizerTraining, SaysTheSmallestSizeThatWorks) {
  std::set<char> letters;
  for (const std::string& caption : shape_captions())
    letters.insert(caption.begin(), caption.end());
  // The space counts as a character; four pieces are special.
  const auto smallest = static_cast<int64_t>(letters.size()) + 4;
  expect_error(
      ErrorKind::kConfig,
      {.where = "tokenizer.train_vocab_size",
       .expected = "at least " + std::to_string(smallest) + " (4 special pieces and "},
      [&] { (void)train_tokenizer(shape_captions(), training(smallest - 1, GetParam())); });
  const auto tokenizer = train_tokenizer(shape_captions(), training(smallest, GetParam()));
  EXPECT_EQ(tokenizer.vocab_size(), smallest);
}

TEST_P(TokenizerTraining, LeavesRareCharactersOutByCoverage) {
  std::vector<std::string> captions = shape_captions();
  captions.push_back("ζ");
  TokenizerOptions options = training(100, GetParam());
  EXPECT_EQ(train_tokenizer(captions, options).encode("ζ", 77).unknown, 0);
  options.train_character_coverage = 0.99;
  EXPECT_EQ(train_tokenizer(captions, options).encode("ζ", 77).unknown, 1);
}

TEST_P(TokenizerTraining, CarriesLowerCasingInTheModel) {
  const TemporaryFolder folder;
  std::vector<std::string> captions = shape_captions();
  captions.push_back("Ein GRÜNER Stern");
  TokenizerOptions options = training(150, GetParam());
  options.lowercase = true;
  const Tokenizer tokenizer = train_tokenizer(captions, options);
  EXPECT_EQ(tokenizer.encode("A RED Star", 77).ids, tokenizer.encode("a red star", 77).ids);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("GRÜNER", 77).ids), "grüner");
  tokenizer.save(folder / "t");
  for (const bool lowercase : {false, true}) {
    const Tokenizer loaded = Tokenizer::load(folder / "t", lowercase);
    EXPECT_EQ(loaded.encode("A RED Star", 77).ids, tokenizer.encode("a red star", 77).ids);
  }
}

TEST_P(TokenizerTraining, KeepsCaseOtherwise) {
  std::vector<std::string> captions = shape_captions();
  captions.push_back("RED");
  const Tokenizer tokenizer = train_tokenizer(captions, training(150, GetParam()));
  EXPECT_NE(tokenizer.encode("RED", 77).ids, tokenizer.encode("red", 77).ids);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("RED", 77).ids), "RED");
}

TEST_P(TokenizerTraining, SurvivesStrangeCaptions) {
  using std::string_literals::operator""s;
  std::vector<std::string> captions = shape_captions();
  captions.insert(captions.end(),
                  {"", " \r\n", "\xFF\xFE", "a\0b"s, "<s> </s> <pad>", "\u2585 block", "\u200B",
                   std::string(100'000, 'x'), "\u2581\u2581", "😀😀", "tab\there"});
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const Tokenizer tokenizer = train_tokenizer(captions, training(200, GetParam()));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(tokenizer.encode("😀", 77).unknown, 0);
  EXPECT_GT(tokenizer.encode("\u2585", 77).unknown, 0);
}

INSTANTIATE_TEST_SUITE_P(Models, TokenizerTraining,
                         testing::Values(TokenizerModel::kUnigram, TokenizerModel::kBpe),
                         [](const auto& parameter) {
                           return parameter.param == TokenizerModel::kBpe ? "Bpe" : "Unigram";
                         });

TEST(TrainTokenizer, NeedsACaption) {
  expect_error(ErrorKind::kData, {.what = "no caption to train a tokenizer on"},
               [] { (void)train_tokenizer({}, training(100)); });
  expect_error(ErrorKind::kData, {.found = "3 captions"}, [] {
    (void)train_tokenizer({" ", "\u2585", "\u200B"}, training(100));
  });
}

TEST(TrainTokenizer, ChecksItsOptions) {
  expect_error(ErrorKind::kConfig, {.where = "tokenizer.train_vocab_size"},
               [] { (void)train_tokenizer(shape_captions(), training(0)); });
  expect_error(ErrorKind::kConfig, {.expected = "1 to 1000000"},
               [] { (void)train_tokenizer(shape_captions(), training(1'000'001)); });
  for (const double coverage : {0.5, 1.5, -1.0, std::nan("")}) {
    TokenizerOptions options = training(100);
    options.train_character_coverage = coverage;
    expect_error(ErrorKind::kConfig, {.expected = "0.98 to 1"},
                 [&] { (void)train_tokenizer(shape_captions(), options); });
  }
}

}  // namespace
}  // namespace tandem
