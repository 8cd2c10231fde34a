#include <filesystem>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tandem
