#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "text/json_fixture.h"

namespace tandem {
namespace {

using Ids = std::vector<int32_t>;
using Json = nlohmann::json;

Json added(int id, const char* content, std::initializer_list<const char*> switches) {
  Json token = {{"id", id}, {"content", content}, {"normalized", false}};
  for (const char* each : switches) token[each] = true;
  return token;
}

TEST(JsonTokenizer, MergesInOrderOfRank) {
  EXPECT_EQ(json_ids(small_bpe(), "hello world"), (Ids{0, 13, 14, 15, 4, 8, 1}));
  EXPECT_EQ(json_ids(small_bpe(), ""), (Ids{0, 1}));
  EXPECT_EQ(parse_json(small_bpe()).decode({0, 13, 14, 15, 4, 8, 1}), "hello world");
}

TEST(JsonTokenizer, DropsBytesThatTheVocabularyLacks) {
  EXPECT_EQ(json_ids(small_bpe(), "hexo"), (Ids{0, 10, 5, 1}));
}

TEST(JsonTokenizer, CutsTheTextAndKeepsTheLastToken) {
  const Tokenizer tokenizer = parse_json(small_bpe());
  const Encoding cut = tokenizer.encode("hello world", 4);
  EXPECT_EQ(cut.ids, (Ids{0, 13, 14, 1}));
  EXPECT_TRUE(cut.truncated);
  EXPECT_EQ(tokenizer.encode("hello world", 2).ids, (Ids{0, 1}));
  EXPECT_FALSE(tokenizer.encode("hello world", 7).truncated);
  expect_error(ErrorKind::kUsage, {.expected = "at least 2"},
               [&] { (void)tokenizer.encode("hello", 1); });
}

TEST(JsonTokenizer, ShowsDamagedTextAsReplacementCharacters) {
  const Json bpe = small_bpe();
  EXPECT_EQ(json_ids(bpe, "he\xFF"), json_ids(bpe, "he\uFFFD"));
}

TEST(JsonTokenizer, TakesASpecialTokenInTheTextForOne) {
  EXPECT_EQ(json_ids(small_bpe(), "he</s>he"), (Ids{0, 10, 1, 10, 1}));
}

TEST(JsonTokenizer, KnowsTheSwitchesOfAddedTokens) {
  Json bpe = small_bpe();
  bpe["added_tokens"].push_back(added(16, "[L]", {"lstrip"}));
  bpe["added_tokens"].push_back(added(17, "[R]", {"rstrip"}));
  bpe["added_tokens"].push_back(added(18, "hel", {"single_word"}));
  EXPECT_EQ(json_ids(bpe, "he \n[L]he"), (Ids{0, 10, 16, 10, 1}));
  EXPECT_EQ(json_ids(bpe, "he[R] \n he"), (Ids{0, 10, 17, 10, 1}));
  EXPECT_EQ(json_ids(bpe, "hel"), (Ids{0, 18, 1}));
  EXPECT_EQ(json_ids(bpe, "hello"), (Ids{0, 13, 1}));
  EXPECT_EQ(parse_json(bpe).vocab_size(), 19);
}

TEST(JsonTokenizer, PrefersTheLongestAddedToken) {
  Json bpe = small_bpe();
  bpe["added_tokens"].push_back(added(16, "ab", {}));
  bpe["added_tokens"].push_back(added(17, "abc", {}));
  EXPECT_EQ(json_ids(bpe, "abcab"), (Ids{0, 17, 16, 1}));
}

TEST(JsonTokenizer, SplitsWordsLikeBert) {
  EXPECT_EQ(json_ids(small_word_piece(), "Unaffable, CAFÉ"), (Ids{2, 5, 6, 7, 8, 4, 3}));
  const Encoding encoding = parse_json(small_word_piece()).encode("a xyz unaffableunaffable", 77);
  EXPECT_EQ(encoding.ids, (Ids{2, 9, 1, 1, 3}));
  EXPECT_EQ(encoding.unknown, 2);
  EXPECT_EQ(parse_json(small_word_piece()).decode({2, 5, 6, 7, 8, 4, 3}), "unaffable, cafe");
}

TEST(JsonTokenizer, FindsSpecialIds) {
  const Tokenizer bert = parse_json(small_word_piece());
  EXPECT_EQ(bert.bos_id(), 2);
  EXPECT_EQ(bert.eos_id(), 3);
  EXPECT_EQ(bert.pad_id(), 0);
  EXPECT_EQ(bert.unk_id(), 1);
  const Tokenizer bpe = parse_json(small_bpe());
  EXPECT_EQ(bpe.pad_id(), 1) << "eos stands in";
  EXPECT_EQ(bpe.unk_id(), -1);
  Json t5 = small_bpe();
  t5["post_processor"] = {
      {"type", "TemplateProcessing"},
      {"single", {{{"Sequence", {{"id", "A"}}}}, {{"SpecialToken", {{"id", "</s>"}}}}}},
      {"special_tokens", {{"</s>", {{"ids", {1}}}}}}};
  EXPECT_EQ(parse_json(t5).bos_id(), -1);
  EXPECT_EQ(parse_json(t5).eos_id(), 1);
  EXPECT_EQ(json_ids(t5, "he"), (Ids{10, 1}));
}

TEST(JsonTokenizer, IsTheSameAfterSaveAndLoad) {
  const TemporaryFolder folder;
  const Tokenizer tokenizer = parse_json(small_bpe());
  EXPECT_EQ(tokenizer.file_name(), "tokenizer.json");
  tokenizer.save(folder / tokenizer.file_name());
  const Tokenizer again = Tokenizer::load(folder / "");
  EXPECT_EQ(again.fingerprint(), tokenizer.fingerprint());
  EXPECT_EQ(again.encode("hello world", 77).ids, tokenizer.encode("hello world", 77).ids);
}

TEST(JsonTokenizer, LowersCaseWhenAsked) {
  const Tokenizer lower = Tokenizer::parse(small_bpe().dump(), "t.json", /*lowercase=*/true);
  EXPECT_EQ(lower.encode("HELLO", 77).ids, (Ids{0, 13, 1}));
}

TEST(JsonTokenizer, GivesABatchTheIdsOfEachText) {
  const Tokenizer tokenizer = parse_json(small_bpe());
  std::vector<std::string> texts;
  for (int index = 0; index < 1000; ++index)
    texts.push_back(index % 3 == 0 ? "hello" : "world " + std::string(index % 70, 'o'));
  const std::vector<Encoding> batch = tokenizer.encode_batch(texts, 20);
  ASSERT_EQ(batch.size(), texts.size());
  for (size_t index = 0; index < texts.size(); ++index)
    EXPECT_EQ(batch[index].ids, tokenizer.encode(texts[index], 20).ids);
  EXPECT_TRUE(tokenizer.encode_batch({}, 20).empty());
  expect_error(ErrorKind::kUsage, {.what = "context_length is too small"},
               [&] { (void)tokenizer.encode_batch(texts, 1); });
}

TEST(JsonTokenizer, NamesAnUnknownComponentAndItsPlace) {
  const auto refuses = [](const char* part, const Json& value, const ErrorParts& parts) {
    Json json = small_bpe();
    json[part] = value;
    const Error error =
        expect_error(ErrorKind::kCheckpoint, parts, [&] { (void)parse_json(json); });
    expect_parts(error, {.where = "t/tokenizer.json"});
  };
  refuses("normalizer",
          {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Magic"}}}}},
          {.what = "unknown normalizer", .where = "normalizer.normalizers[1].type"});
  refuses("pre_tokenizer", {{"type", "UnicodeScripts"}},
          {.what = "unknown pre-tokenizer", .where = "pre_tokenizer.type"});
  refuses("post_processor", {{"type", "Magic"}},
          {.what = "unknown post-processor", .where = "post_processor.type"});
  refuses("decoder", {{"type", "CTC"}}, {.what = "unknown decoder", .where = "decoder.type"});
  refuses("model", {{"type", "WordLevel"}, {"vocab", {{"a", 0}}}},
          {.what = "unknown model type", .where = "model.type"});
}

}  // namespace
}  // namespace tandem
