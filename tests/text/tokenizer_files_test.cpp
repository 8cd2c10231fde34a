#include "text/huggingface/tokenizer_files.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "text/json_fixture.h"

namespace tandem {
namespace {

using Ids = std::vector<int32_t>;
namespace fs = std::filesystem;

fs::path golden(const char* name) {
  return fs::path(TANDEM_SOURCE_DIR) / "tests/golden/tokens" / name;
}

class TokenizerFiles : public ::testing::Test {
 protected:
  void write(const char* name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
  }
  [[nodiscard]] Tokenizer load() const { return Tokenizer::load(folder_ / ""); }

  TemporaryFolder folder_;
};

TEST_F(TokenizerFiles, ReadsBertsVocabulary) {
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\r\ncafe\nun\n##aff\n##able\n,\nCafé\n");
  EXPECT_EQ(load().encode("Unaffable, CAFÉ", 77).ids, (Ids{2, 5, 6, 7, 8, 4, 3}));
  write("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(load().encode("Café un", 77).ids, (Ids{2, 9, 5, 3}));
  EXPECT_EQ(load().pad_id(), 0);
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\n");
  expect_error(ErrorKind::kCheckpoint, {.what = "a token appears twice", .where = "line 6"},
               [&] { (void)load(); });
  write("vocab.txt", "a\nb\n");
  expect_error(ErrorKind::kCheckpoint, {.what = "the vocabulary has no [CLS]"},
               [&] { (void)load(); });
}

TEST_F(TokenizerFiles, ReadsVocabularyAndMerges) {
  write("vocab.json", small_bpe()["model"]["vocab"].dump());
  expect_error(ErrorKind::kMissingInput, {.where = "merges.txt"}, [&] { (void)load(); });
  write("merges.txt", "#version: 0.2\nh e\nl l\nhe ll\nhell o\n\u0120 w\no r\n");
  EXPECT_EQ(load().encode("hello world", 77).ids, (Ids{0, 13, 14, 15, 4, 8, 1}));
  EXPECT_EQ(load().file_name(), "tokenizer.json");
  write("merges.txt", "h e\nl l l\n");
  expect_error(ErrorKind::kCheckpoint, {.where = "merges.txt"}, [&] { (void)load(); });
}

TEST_F(TokenizerFiles, ReadsGpt2sAndClipsFlavour) {
  write("vocab.json", R"({"a": 0, "b": 1, "<|endoftext|>": 2})");
  write("merges.txt", "#version: 0.2\n");
  EXPECT_EQ(load().encode("ab", 77).ids, (Ids{0, 1}));
  EXPECT_EQ(load().eos_id(), 2);
  write("vocab.json",
        R"({"a": 0, "b</w>": 1, "ab</w>": 2, "<|startoftext|>": 3, "<|endoftext|>": 4})");
  write("merges.txt", "a b</w>\n");
  EXPECT_EQ(load().encode("AB  ab", 77).ids, (Ids{3, 2, 2, 4}));
  EXPECT_EQ(load().decode({3, 2, 2, 4}), "ab ab");
  EXPECT_EQ(load().pad_id(), 4);
  write("tokenizer_config.json", R"({"pad_token": {"content": "a"}})");
  EXPECT_EQ(load().pad_id(), 0);
}

TEST_F(TokenizerFiles, RefusesClipsVocabularyReadAsPlainBytes) {
  write("vocab.json", R"({"a": 0, "b</w>": 1, "ab</w>": 2, "<|endoftext|>": 3})");
  write("merges.txt", "a b</w>\n");
  expect_error(ErrorKind::kCheckpoint,
               {.what = "2 of 4 pieces end in </w>", .expected = "<|startoftext|>"},
               [&] { (void)load(); });
  nlohmann::json json = nlohmann::json::parse(read_file(golden("clip") / "tokenizer.json"));
  json["model"]["end_of_word_suffix"] = nullptr;
  write("tokenizer.json", json.dump());
  expect_error(ErrorKind::kCheckpoint, {.what = "pieces end in </w>"}, [&] { (void)load(); });
}

// The ids of transformers 5.24's SiglipTokenizer with the same model.
TEST_F(TokenizerFiles, UsesASentencePieceModelAsItsClassSays) {
  const std::string model = read_file(golden("spm_t5") / "spiece.model");
  write("spiece.model", model);
  const Ids as_t5 = load().encode("A Photo, of a CAT!", 77).ids;
  write("tokenizer_config.json", R"({"tokenizer_class": "T5TokenizerFast"})");
  EXPECT_EQ(load().encode("A Photo, of a CAT!", 77).ids, as_t5);
  write("tokenizer_config.json", R"({"tokenizer_class": "SiglipTokenizer"})");
  const Tokenizer siglip = load();
  const std::pair<const char*, Ids> expected[] = {
      {"A Photo, of a CAT!", {15, 67, 159, 12, 8, 56, 20, 15, 319, 4, 12, 1}},
      {"", {1}},
      {"  two  spaces ", {3, 3, 12, 65, 8, 16, 338, 4, 69, 5, 10, 1}},
      {"a</s> b", {15, 1, 13, 1}},
      {"<unk> x", {2, 37, 1}},
      {"a_b-c", {15, 13, 69, 1}},
      {"Σ ΑΣ", {3, 133, 3, 74, 45, 1}},
      {"▁x", {3, 171, 1}},
      {"!!!", {1}},
      {"it's <s> x", {3, 61, 10, 16, 171, 1}},
      {"</s>", {1}}};
  for (const auto& [text, ids] : expected) EXPECT_EQ(siglip.encode(text, 77).ids, ids) << text;
  EXPECT_EQ(siglip.pad_id(), siglip.eos_id());
  siglip.save(folder_ / "saved.model");
  const Tokenizer again = Tokenizer::load(folder_ / "saved.model");
  EXPECT_EQ(again.encode("A Photo, of a CAT!", 77).ids, expected[0].second);
  EXPECT_EQ(again.pad_id(), 1);
  write("tokenizer_config.json",
        R"({"tokenizer_class": "SiglipTokenizer", "do_lower_case": false})");
  EXPECT_NE(load().encode("CAT", 77).ids, siglip.encode("CAT", 77).ids);
  EXPECT_EQ(load().encode("c!a?t", 77).ids, siglip.encode("cat", 77).ids);
  write("tokenizer_config.json", R"({"tokenizer_class": "CamembertTokenizer"})");
  expect_error(ErrorKind::kCheckpoint, {.found = "CamembertTokenizer"}, [&] { (void)load(); });
}

TEST_F(TokenizerFiles, FindsTextsThatAreOneToTheTokenizer) {
  const Tokenizer lower = Tokenizer::load(golden("bert") / "tokenizer.json");
  const std::vector<std::string> texts = {"cat", "dog", "Cat", "a bird", "DOG", "CAT"};
  using Groups = std::vector<std::vector<size_t>>;
  EXPECT_EQ(find_equal_texts(lower, texts, 77), (Groups{{0, 2, 5}, {1, 4}}));
  EXPECT_EQ(find_equal_texts(lower, {"a small red bird", "a small red dog"}, 5).size(), 1U);
  const Tokenizer cased = Tokenizer::load(golden("roberta") / "tokenizer.json");
  EXPECT_TRUE(find_equal_texts(cased, texts, 77).empty());
}

TEST_F(TokenizerFiles, KeepsNamesOfSpecialTokensWhenSaved) {
  nlohmann::json json = small_bpe();
  json["model"]["vocab"]["tandem"] = 16;
  write("tokenizer.json", json.dump());
  write("special_tokens_map.json", R"({"pad_token": "h", "unk_token": "e"})");
  const Tokenizer tokenizer = load();
  EXPECT_EQ(tokenizer.pad_id(), 2);
  EXPECT_EQ(tokenizer.unk_id(), 3);
  const TemporaryFolder other;
  tokenizer.save(other / tokenizer.file_name());
  const Tokenizer again = Tokenizer::load(other / "");
  EXPECT_EQ(again.pad_id(), 2);
  EXPECT_EQ(again.fingerprint(), tokenizer.fingerprint());
}

TEST_F(TokenizerFiles, KeepsTheWayOfASentencePieceModelWhenSaved) {
  for (const char* name : {"spm_t5/spiece.model", "spm_xlmr/sentencepiece.bpe.model"}) {
    const Tokenizer tokenizer = Tokenizer::load(golden(name));
    EXPECT_EQ(tokenizer.file_name(), "tokenizer.model");
    tokenizer.save(folder_ / "tokenizer.model");
    const Tokenizer again = load();
    EXPECT_EQ(again.encode("a green  frog", 77).ids, tokenizer.encode("a green  frog", 77).ids);
    EXPECT_EQ(again.bos_id(), tokenizer.bos_id());
    EXPECT_EQ(again.fingerprint(), tokenizer.fingerprint());
    EXPECT_EQ(again.decode(again.encode("a green frog", 77).ids), "a green frog");
  }
}

TEST_F(TokenizerFiles, NumbersXlmrAsFairseqDoes) {
  const Tokenizer tokenizer = Tokenizer::load(golden("spm_xlmr/sentencepiece.bpe.model"));
  EXPECT_EQ(tokenizer.bos_id(), 0);
  EXPECT_EQ(tokenizer.pad_id(), 1);
  EXPECT_EQ(tokenizer.eos_id(), 2);
  EXPECT_EQ(tokenizer.unk_id(), 3);
  const Tokenizer t5 = Tokenizer::load(golden("spm_t5/spiece.model"));
  EXPECT_EQ(t5.bos_id(), -1);
  EXPECT_EQ(t5.encode("", 77).ids, Ids{1});
}

TEST_F(TokenizerFiles, CleansAsTheOriginalClipWhenAsked) {
  const Tokenizer original =
      Tokenizer::load(golden("clip/tokenizer.json"), {.cleaning = TextCleaning::kClipOriginal});
  const Tokenizer fast = Tokenizer::load(golden("clip/tokenizer.json"));
  EXPECT_EQ(original.encode("a &amp; b", 77).ids, fast.encode("a & b", 77).ids);
  EXPECT_NE(original.encode("a &amp; b", 77).ids, fast.encode("a &amp; b", 77).ids);
  original.save(folder_ / "tokenizer.json");
  EXPECT_EQ(load().encode("a &amp; b", 77).ids, original.encode("a &amp; b", 77).ids);
  expect_error(ErrorKind::kUsage, {.what = "cannot store a text cleaning"}, [] {
    (void)Tokenizer::load(golden("spm_t5/spiece.model"), {.cleaning = TextCleaning::kClipOriginal});
  });
}

TEST_F(TokenizerFiles, CleansAsOpenClipWhenAsked) {
  for (const char* kind : {"roberta", "bert_cased", "xlmr"}) {
    const fs::path file = golden("") / kind / "tokenizer.json";
    const Tokenizer as_file = Tokenizer::load(file);
    const Tokenizer spaced = Tokenizer::load(file, {.cleaning = TextCleaning::kWhitespace});
    EXPECT_EQ(spaced.encode(" A  &amp; b", 77).ids, as_file.encode("A & b", 77).ids) << kind;
    EXPECT_NE(spaced.encode("A &amp; b", 77).ids, as_file.encode("A &amp; b", 77).ids) << kind;
    const Tokenizer bare = Tokenizer::load(file, {.cleaning = TextCleaning::kCanonicalize});
    EXPECT_EQ(bare.encode("A_Bird's", 77).ids, as_file.encode("a birds", 77).ids) << kind;
    bare.save(folder_ / "tokenizer.json");
    EXPECT_EQ(load().encode("A_Bird's", 77).ids, bare.encode("A_Bird's", 77).ids) << kind;
  }
}

TEST_F(TokenizerFiles, NamesAFolderWithoutATokenizer) {
  expect_error(ErrorKind::kMissingInput, {.what = "the folder holds no tokenizer"},
               [&] { (void)load(); });
  write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  expect_error(ErrorKind::kCheckpoint, {.found = "a Git LFS pointer"}, [&] { (void)load(); });
  write("tokenizer.json", "");
  expect_error(ErrorKind::kCheckpoint, {.what = "is empty"}, [&] { (void)load(); });
}

}  // namespace
}  // namespace tandem
