#include "tandem/text/tokenizer.h"

#include <thread>

#include <gtest/gtest.h>
#include <sentencepiece_trainer.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/core/random.h"
#include "text/captions.h"

namespace tandem {
namespace {

using Arguments = std::unordered_map<std::string, std::string>;

const Tokenizer& shapes_tokenizer() {
  static const Tokenizer tokenizer = train_tokenizer(shape_captions(), training(120));
  return tokenizer;
}

/// A model as sentencepiece makes it by itself, with any ids.
std::string foreign_model(Arguments arguments) {
  arguments.insert({{"vocab_size", "90"}, {"hard_vocab_limit", "false"}, {"minloglevel", "3"}});
  std::string model;
  const auto status =
      sentencepiece::SentencePieceTrainer::Train(arguments, shape_captions(), &model);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return model;
}

std::vector<int32_t> ids_of(const Tokenizer& tokenizer, const std::string& text) {
  return tokenizer.encode(text, 77).ids;
}

TEST(Tokenizer, PutsTextBetweenBosAndEos) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  const Encoding encoding = tokenizer.encode("a red circle on the left", 77);
  ASSERT_GE(encoding.ids.size(), 4U);
  EXPECT_EQ(encoding.ids.front(), tokenizer.bos_id());
  EXPECT_EQ(encoding.ids.back(), tokenizer.eos_id());
  EXPECT_FALSE(encoding.truncated);
  EXPECT_EQ(encoding.unknown, 0);
  for (size_t index = 1; index + 1 < encoding.ids.size(); ++index)
    EXPECT_GT(encoding.ids[index], tokenizer.unk_id());
  EXPECT_EQ(tokenizer.decode(encoding.ids), "a red circle on the left");
}

TEST(Tokenizer, DecodesEveryCaptionBack) {
  for (const std::string& caption : shape_captions())
    EXPECT_EQ(shapes_tokenizer().decode(ids_of(shapes_tokenizer(), caption)), caption);
}

TEST(Tokenizer, EncodesBlankTextAsBosAndEos) {
  for (const char* blank : {"", "  \t\r\n", "\u00A0"})
    EXPECT_EQ(ids_of(shapes_tokenizer(), blank), (std::vector<int32_t>{0, 2}));
}

TEST(Tokenizer, CutsLongTextAndKeepsEos) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  const std::string text = "a red circle in the middle";
  const std::vector<int32_t> whole = ids_of(tokenizer, text);
  const auto length = static_cast<int64_t>(whole.size());
  EXPECT_FALSE(tokenizer.encode(text, length).truncated);
  for (int64_t context = 2; context < length; ++context) {
    const Encoding cut = tokenizer.encode(text, context);
    EXPECT_TRUE(cut.truncated);
    ASSERT_EQ(static_cast<int64_t>(cut.ids.size()), context);
    EXPECT_EQ(cut.ids.back(), tokenizer.eos_id());
    EXPECT_TRUE(std::equal(cut.ids.begin(), cut.ids.end() - 1, whole.begin()));
  }
  expect_error(ErrorKind::kUsage, {.expected = "context_length of at least 2", .found = "1"},
               [&] { (void)tokenizer.encode(text, 1); });
}

TEST(Tokenizer, CountsUnknownPieces) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  EXPECT_EQ(tokenizer.encode("a red 車", 77).unknown, 1);
  const Encoding all = tokenizer.encode("車 車 車", 77);
  EXPECT_EQ(all.unknown, 3);
  // A caption cut before its unknown piece has none in what is left.
  EXPECT_EQ(tokenizer.encode("a red 車", 3).unknown, 0);
}

TEST(Tokenizer, SurvivesDamagedAndHugeText) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  using std::string_literals::operator""s;
  for (const std::string& text :
       {"\xFF\xFE red"s, "a\0b"s, "\xED\xA0\x80"s, "\uFEFFa red\r\nstar"s})
    EXPECT_GE(tokenizer.encode(text, 77).ids.size(), 2U);
  EXPECT_EQ(ids_of(tokenizer, "\uFEFFa red\r\nstar\u2028"), ids_of(tokenizer, "a red star"));
  EXPECT_TRUE(tokenizer.encode(std::string(5'000'000, 'e'), 77).truncated);
}

TEST(Tokenizer, TakesTextThatLooksLikeASpecialPieceAsText) {
  const Encoding encoding = shapes_tokenizer().encode("</s> <s> <pad>", 77);
  for (size_t index = 1; index + 1 < encoding.ids.size(); ++index) {
    EXPECT_NE(encoding.ids[index], shapes_tokenizer().eos_id());
    EXPECT_NE(encoding.ids[index], shapes_tokenizer().bos_id());
    EXPECT_NE(encoding.ids[index], shapes_tokenizer().pad_id());
  }
}

TEST(Tokenizer, DecodeLeavesSpecialPiecesOutAndChecksIds) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  std::vector<int32_t> ids = ids_of(tokenizer, "a red star");
  ids.insert(ids.end(), 5, tokenizer.pad_id());
  EXPECT_EQ(tokenizer.decode(ids), "a red star");
  EXPECT_EQ(tokenizer.decode({}), "");
  const auto size = static_cast<int32_t>(tokenizer.vocab_size());
  expect_error(ErrorKind::kUsage, {.what = "outside the vocabulary"},
               [&] { (void)tokenizer.decode({size}); });
  expect_error(ErrorKind::kUsage, {.found = "-1"}, [&] { (void)tokenizer.decode({-1}); });
}

TEST(Tokenizer, IsTheSameAfterSaveAndLoad) {
  const TemporaryFolder folder;
  const Tokenizer& tokenizer = shapes_tokenizer();
  tokenizer.save(folder / "tokenizer.model");
  const Tokenizer again = Tokenizer::load(folder / "tokenizer.model");
  EXPECT_EQ(again.fingerprint(), tokenizer.fingerprint());
  EXPECT_EQ(again.fingerprint(), content_hash(read_file(folder / "tokenizer.model")));
  EXPECT_EQ(again.vocab_size(), tokenizer.vocab_size());
  for (const std::string& caption : shape_captions())
    EXPECT_EQ(ids_of(again, caption), ids_of(tokenizer, caption));
}

TEST(Tokenizer, GivesTheSameIdsFromManyThreads) {
  const Tokenizer& tokenizer = shapes_tokenizer();
  const std::vector<std::string> captions = shape_captions();
  std::vector<std::vector<int32_t>> expected;
  for (const std::string& caption : captions) expected.push_back(ids_of(tokenizer, caption));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (int round = 0; round < 4; ++round)
        for (size_t index = 0; index < captions.size(); ++index)
          count += ids_of(tokenizer, captions[index]) == expected[index] ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

TEST(Tokenizer, LowercasesForAModelThatDoesNot) {
  const std::string model = foreign_model({{"bos_id", "0"},
                                           {"pad_id", "1"},
                                           {"eos_id", "2"},
                                           {"unk_id", "3"},
                                           {"normalization_rule_name", "identity"}});
  const Tokenizer as_is = Tokenizer::parse(model, "m");
  const Tokenizer lower = Tokenizer::parse(model, "m", /*lowercase=*/true);
  EXPECT_EQ(ids_of(lower, "A RED  Star"), ids_of(as_is, "a red star"));
  EXPECT_NE(ids_of(as_is, "A RED Star"), ids_of(as_is, "a red star"));
  EXPECT_EQ(ids_of(lower, "a red star"), ids_of(as_is, "a red star"));
}

TEST(Tokenizer, FindsSpecialPiecesWhereverTheyAre) {
  const Tokenizer tokenizer = Tokenizer::parse(
      foreign_model({{"unk_id", "0"}, {"bos_id", "5"}, {"eos_id", "6"}, {"pad_id", "9"}}), "m");
  EXPECT_EQ(tokenizer.unk_id(), 0);
  EXPECT_EQ(tokenizer.bos_id(), 5);
  EXPECT_EQ(tokenizer.eos_id(), 6);
  EXPECT_EQ(tokenizer.pad_id(), 9);
  EXPECT_EQ(tokenizer.encode("", 4).ids, (std::vector<int32_t>{5, 6}));
}

TEST(Tokenizer, RefusesAModelWithoutASpecialPiece) {
  const auto refuses = [](const ErrorParts& parts, const Arguments& arguments) {
    const std::string model = foreign_model(arguments);
    expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)Tokenizer::parse(model, "t.model"); });
  };
  refuses({.what = "the vocabulary has no pad piece", .where = "t.model"},
          {});  // sentencepiece's own default
  refuses({.what = "the vocabulary has no bos piece"}, {{"bos_id", "-1"}, {"pad_id", "4"}});
  refuses({.what = "the vocabulary has no eos piece"}, {{"eos_id", "-1"}, {"pad_id", "4"}});
}

TEST(Tokenizer, NamesFilesThatAreNoModel) {
  const TemporaryFolder folder;
  const auto path = folder / "t.model";
  const auto refuses = [&](const std::string& bytes, const ErrorParts& parts) {
    write_file_atomically(path, bytes);
    const Error error =
        expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)Tokenizer::load(path); });
    EXPECT_EQ(std::string_view(error.what()).find(".cc"), std::string_view::npos) << error.what();
    expect_parts(error, {.where = "t.model"});
  };
  expect_error(ErrorKind::kMissingInput, {.found = "No such file"},
               [&] { (void)Tokenizer::load(path); });
  refuses("", {.what = "the tokenizer file is empty"});
  refuses("version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
          {.found = "a Git LFS pointer"});
  refuses("<!doctype html><html></html>", {.found = "an HTML page"});
  refuses("just some text", {.what = "damaged or not a sentencepiece model"});
  refuses("{\"model\": {\"type\": \"BPE\"}}", {.what = "damaged or not a sentencepiece model"});
}

TEST(Tokenizer, RefusesOrSurvivesDamageWithoutAWord) {
  const TemporaryFolder folder;
  shapes_tokenizer().save(folder / "good");
  const std::string good = read_file(folder / "good");
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  for (const double share : {0.1, 0.3, 0.5, 0.9, 0.999}) {
    const std::string cut =
        good.substr(0, static_cast<size_t>(static_cast<double>(good.size()) * share));
    EXPECT_THROW((void)Tokenizer::parse(cut, "t"), Error) << share;
  }
  Random random(5);
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    std::string bytes = good;
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    bytes[random.below(4000)] = static_cast<char>(random.below(256));
    try {
      const Tokenizer tokenizer = Tokenizer::parse(bytes, "t");
      (void)tokenizer.encode("a red circle on the left", 77);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCheckpoint) << error.what();
      ++refused;
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_GT(refused, 5);
}

}  // namespace
}  // namespace tandem
