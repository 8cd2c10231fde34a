#include "tandem/interop/tokenizer_export.h"

#include <filesystem>
#include <iostream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kTokens = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/tokens";

class TokenizerExport : public ::testing::Test {
 protected:
  TokenizerExport() {
    fs::create_directories(folder_ / "from");
    fs::create_directories(folder_ / "to");
    write_file_atomically(folder_ / "to" / "open_clip_config.json",
                          R"({"model_cfg": {"text_cfg": {"width": 8}}})");
  }
  void take(const std::string& tokenizer) const {
    fs::copy(kTokens / tokenizer, folder_ / "from", fs::copy_options::recursive);
  }
  [[nodiscard]] ExportedTokenizer write(ModelFormat format, TextCleaning cleaning = {}) const {
    options_.format = format;
    options_.cleaning = cleaning;
    options_.config.model.text.context_length = 24;
    return export_tokenizer(folder_ / "from", folder_ / "to", options_);
  }
  [[nodiscard]] int64_t differing() const {
    const TokenizerDifference found =
        compare_tokenizers(folder_ / "from", folder_ / "to", options_);
    EXPECT_GT(found.texts, 10);
    if (found.differing > 0) std::cout << "the first text with other ids: " << found.first << "\n";
    return found.differing;
  }
  [[nodiscard]] Json read(const std::string& name) const {
    return Json::parse(read_file(folder_ / "to" / name));
  }
  TemporaryFolder folder_;
  mutable TokenizerExportOptions options_;
};

TEST_F(TokenizerExport, WritesThreeFilesWithOurLengthAndPadding) {
  take("spm_xlmr");
  options_.config.model.text.pad_id = 1;
  EXPECT_EQ(write(ModelFormat::kHuggingFace).files.size(), 3U);
  const Json config = read("tokenizer_config.json");
  EXPECT_EQ(config.at("model_max_length"), 24);
  EXPECT_EQ(config.at("padding_side"), "right");
  EXPECT_EQ(config.at("pad_token"), "<pad>");
  EXPECT_EQ(config.at("split_special_tokens"), true);
  EXPECT_EQ(read("special_tokens_map.json").at("eos_token"), "</s>");
  EXPECT_EQ(differing(), 0);
}

TEST_F(TokenizerExport, KeepsTheIdsOfEveryKind) {
  for (const char* name : {"bert", "bert_cased", "bpe_mix", "clip", "gpt2", "llama", "llama3",
                           "roberta", "spm_bpe", "spm_t5", "spm_xlmr", "unigram_bytes", "xlmr"}) {
    fs::remove_all(folder_ / "from");
    take(name);
    (void)write(ModelFormat::kHuggingFace);
    EXPECT_EQ(differing(), 0) << name;
  }
}

TEST_F(TokenizerExport, LeavesAFileThatNeedsNoChangeAsItIs) {
  take("roberta");
  (void)write(ModelFormat::kHuggingFace);
  EXPECT_EQ(read_file(folder_ / "to" / "tokenizer.json"),
            read_file(folder_ / "from" / "tokenizer.json"));
}

TEST_F(TokenizerExport, KeepsTheSpecialTokensThatTheInputNames) {
  take("roberta");
  write_file_atomically(folder_ / "from" / "tokenizer_config.json",
                        R"({"mask_token": {"content": "<mask>"}, "cls_token": "<s>"})");
  (void)write(ModelFormat::kHuggingFace);
  EXPECT_EQ(read("tokenizer_config.json").at("mask_token"), "<mask>");
  EXPECT_EQ(read("tokenizer_config.json").at("cls_token"), "<s>");
}

TEST_F(TokenizerExport, FoldsCaseInTheFileWhereTheModelDoes) {
  take("spm_xlmr");
  options_.config.tokenizer.lowercase = true;
  (void)write(ModelFormat::kHuggingFace);
  EXPECT_EQ(differing(), 0);
  const Tokenizer written = Tokenizer::load(folder_ / "to");
  EXPECT_EQ(written.encode("A Big DOG", 24).ids, written.encode("a big dog", 24).ids);
}

TEST_F(TokenizerExport, SaysWhichTextsOfASentencepieceModelDiffer) {
  take("spm_xlmr");
  const ExportedTokenizer exported = write(ModelFormat::kHuggingFace);
  ASSERT_EQ(exported.notes.size(), 1U);
  EXPECT_NE(exported.notes[0].find("U+2581"), std::string::npos) << exported.notes[0];
  fs::remove_all(folder_ / "from");
  take("roberta");
  EXPECT_TRUE(write(ModelFormat::kHuggingFace).notes.empty());
}

TEST_F(TokenizerExport, TellsOpenClipOfATokenizerThatIsNotItsOwn) {
  take("bert");
  const ExportedTokenizer exported = write(ModelFormat::kOpenClip);
  ASSERT_EQ(exported.notes.size(), 1U);
  const Json text = read("open_clip_config.json").at("model_cfg").at("text_cfg");
  EXPECT_TRUE(text.contains("hf_tokenizer_name"));
  EXPECT_FALSE(text.contains("tokenizer_kwargs"));
  EXPECT_EQ(text.at("width"), 8);
  EXPECT_EQ(differing(), 0);
  (void)write(ModelFormat::kOpenClip, TextCleaning::kCanonicalize);
  EXPECT_EQ(read("open_clip_config.json")
                .at("model_cfg")
                .at("text_cfg")
                .at("tokenizer_kwargs")
                .at("clean"),
            "canonicalize");
}

TEST_F(TokenizerExport, PutsWhatItCanOfACleaningIntoTheFileAndNamesTheRest) {
  take("bert_cased");
  const ExportedTokenizer exported = write(ModelFormat::kHuggingFace, TextCleaning::kCanonicalize);
  ASSERT_EQ(exported.notes.size(), 1U);
  EXPECT_NE(exported.notes[0].find("HTML"), std::string::npos) << exported.notes[0];
  // transformers splits special tokens off before it normalises: [CLS] in a text stays one.
  EXPECT_EQ(differing(), 1);
  const Tokenizer written = Tokenizer::load(folder_ / "to");
  EXPECT_EQ(written.encode("A_Big,  DOG!", 24).ids, written.encode("a big dog", 24).ids);
  EXPECT_EQ(written.encode("ΟΔΟΣ ΣΑΣ", 24).ids, written.encode("οδος σας", 24).ids);
}

TEST_F(TokenizerExport, SeesAnotherTokenizer) {
  take("bert");
  (void)write(ModelFormat::kHuggingFace);
  fs::copy_file(kTokens / "bert_cased/tokenizer.json", folder_ / "to" / "tokenizer.json",
                fs::copy_options::overwrite_existing);
  EXPECT_GT(differing(), 0);
}

TEST_F(TokenizerExport, NamesAFileThatIsNoTokenizer) {
  for (const char* content : {"", "<html>", "[]", "{}", R"({"model": null})"}) {
    write_file_atomically(folder_ / "from" / "tokenizer.json", content);
    expect_error(ErrorKind::kCheckpoint, {.where = "from/tokenizer.json"},
                 [&] { (void)write(ModelFormat::kHuggingFace); });
  }
}

TEST_F(TokenizerExport, WithoutATokenizerNothingIsWritten) {
  EXPECT_TRUE(write(ModelFormat::kHuggingFace).files.empty());
  EXPECT_FALSE(fs::exists(folder_ / "to" / "tokenizer_config.json"));
}

TEST(TokenizerCopy, KeepsEveryFileToTheByte) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "to");
  write_file_atomically(folder / "tokenizer.json", R"({"tandem":{"cleaning":"lower"}})");
  write_file_atomically(folder / "vocab.txt", "[PAD]\n");
  EXPECT_EQ(copy_tokenizer_files(folder.path(), folder / "to").size(), 2U);
  EXPECT_EQ(read_file(folder / "to" / "tokenizer.json"), R"({"tandem":{"cleaning":"lower"}})");
}

}  // namespace
}  // namespace tandem
