#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

const std::string kOriginal = R"({"version": "1.0", "model": {"vocab": {"\"tandem\":{": 3}}})";

std::string with_own_part() {
  std::string content = kOriginal;
  return content.insert(content.size() - 1, R"(,"tandem":{"special_tokens":{"eos_token":"</s>"}})");
}

std::string copied_as(ModelFormat format, const std::string& content, const fs::path& folder) {
  fs::create_directories(folder / "from");
  fs::create_directories(folder / "to");
  write_file_atomically(folder / "to" / "open_clip_config.json",
                        R"({"model_cfg": {"text_cfg": {"width": 8}}})");
  write_file_atomically(folder / "from" / "tokenizer.json", content);
  copy_tokenizer_files(folder / "from", folder / "to", format);
  return read_file(folder / "to" / "tokenizer.json");
}

TEST(TokenizerCopy, LeavesOutWhatOnlyTandemReads) {
  const TemporaryFolder folder;
  EXPECT_EQ(copied_as(ModelFormat::kHuggingFace, with_own_part(), folder.path()), kOriginal);
  const std::string config = read_file(folder / "to" / "tokenizer_config.json");
  EXPECT_NE(config.find(R"("eos_token": "</s>")"), std::string::npos) << config;
  EXPECT_NE(config.find("PreTrainedTokenizerFast"), std::string::npos) << config;
}

TEST(TokenizerCopy, KeepsEveryOtherFileToTheByte) {
  for (const ModelFormat format : {ModelFormat::kTandem, ModelFormat::kOpenClip}) {
    const TemporaryFolder folder;
    EXPECT_EQ(copied_as(format, kOriginal, folder.path()), kOriginal);
    EXPECT_FALSE(fs::exists(folder / "to" / "tokenizer_config.json"));
  }
  const TemporaryFolder folder;
  EXPECT_EQ(copied_as(ModelFormat::kTandem, with_own_part(), folder.path()), with_own_part());
}

nlohmann::json named_to_open_clip(const std::string& tokenizer) {
  const TemporaryFolder folder;
  (void)copied_as(ModelFormat::kOpenClip, tokenizer, folder.path());
  const std::string config = read_file(folder / "to" / "open_clip_config.json");
  return nlohmann::json::parse(config).at("model_cfg").at("text_cfg");
}

TEST(TokenizerCopy, TellsOpenClipOfATokenizerThatIsNotItsOwn) {
  EXPECT_TRUE(named_to_open_clip(kOriginal).contains("hf_tokenizer_name"));
  EXPECT_FALSE(named_to_open_clip(kOriginal).contains("tokenizer_kwargs"));
  const auto text = named_to_open_clip(R"({"model": {}, "tandem":{"cleaning":"canonicalize"}})");
  EXPECT_EQ(text.at("tokenizer_kwargs").at("clean"), "canonicalize");
  EXPECT_EQ(text.at("width"), 8);
  EXPECT_FALSE(named_to_open_clip(R"({"model": {"end_of_word_suffix": "</w>"}})")
                   .contains("hf_tokenizer_name"));
}

TEST(TokenizerCopy, TakesNullForAbsent) {
  EXPECT_TRUE(named_to_open_clip(R"({"model": {"end_of_word_suffix": null}})")
                  .contains("hf_tokenizer_name"));
  EXPECT_FALSE(named_to_open_clip(R"({"model": {}, "tandem":{"cleaning": null}})")
                   .contains("tokenizer_kwargs"));
}

TEST(TokenizerCopy, NamesAFileThatIsNoTokenizer) {
  for (const char* content :
       {"", "<html>", "[]", "{}", R"({"model": null})", R"({"model": "BPE"})",
        R"({"model": {"end_of_word_suffix": 3}})", R"({"model": {}, "tandem":{"cleaning": 3}})"})
    expect_error(ErrorKind::kCheckpoint, "from/tokenizer.json",
                 [&] { (void)named_to_open_clip(content); });
  const TemporaryFolder folder;
  expect_error(ErrorKind::kCheckpoint, "tandem.special_tokens", [&] {
    (void)copied_as(ModelFormat::kHuggingFace, R"({"model": {}, "tandem":{"special_tokens": 3}})",
                    folder.path());
  });
}

}  // namespace
}  // namespace tandem
