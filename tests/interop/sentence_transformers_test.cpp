// What sentence-transformers writes beside a text tower, before release 5 and since.
#include <filesystem>

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "interop/reading/foreign_config.h"
#include "interop/refused_field.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

Json module_of(const std::string& type, const std::string& path) {
  return {{"path", path}, {"type", type}};
}

// The golden BERT with these files beside it, read.
ForeignConfig read_files(const Json& files) {
  const TemporaryFolder folder;
  fs::copy(fs::path(TANDEM_SOURCE_DIR) / "tests" / "golden" / "interop" / "bert", folder.path(),
           fs::copy_options::recursive);
  for (const auto& [name, content] : files.items()) {
    fs::create_directories((folder / name).parent_path());
    write_file_atomically(folder / name, content.dump());
  }
  return read_hugging_face_config(folder.path(), {.names = {}});
}

TEST(SentenceTransformers, PoolAndNormAreReadInBothSpellings) {
  const Json before = Json::array({module_of("sentence_transformers.models.Transformer", ""),
                                   module_of("sentence_transformers.models.Pooling", "1_Pooling"),
                                   module_of("sentence_transformers.models.Normalize", "2_N")});
  const auto mean = read_files({{"modules.json", before},
                                {"1_Pooling/config.json",
                                 {{"word_embedding_dimension", 12},
                                  {"pooling_mode_mean_tokens", true},
                                  {"pooling_mode_cls_token", false}}}})
                        .config.model;
  EXPECT_EQ(mean.text.pool, TextPool::kMean);
  EXPECT_TRUE(mean.normalize_embeddings);

  const std::string since = "sentence_transformers.sentence_transformer.modules.";
  const auto cls =
      read_files(
          {{"modules.json",
            Json::array({module_of(since + "Transformer", ""), module_of(since + "Pooling", "p")})},
           {"p/config.json",
            {{"embedding_dimension", 12}, {"pooling_mode", "cls"}, {"include_prompt", true}}}})
          .config.model;
  EXPECT_EQ(cls.text.pool, TextPool::kCls);
  EXPECT_FALSE(cls.normalize_embeddings);
}

TEST(SentenceTransformers, RefusesModulesAndPoolsThatItDoesNotHave) {
  const Json dense = Json::array({module_of("sentence_transformers.models.Pooling", "1_Pooling"),
                                  module_of("sentence_transformers.models.Dense", "2_Dense")});
  expect_error(ErrorKind::kCheckpoint, {.found = "Dense"}, [&] {
    (void)read_files({{"modules.json", dense}});
  });
  expect_error(ErrorKind::kCheckpoint, {.where = "modules.json"}, [&] {
    (void)read_files({{"modules.json", {{"type", 3}}}});
  });
  test::expect_refused_field("pooling_mode_max_tokens", [&] {
    (void)read_files({{"1_Pooling/config.json",
                       {{"pooling_mode_mean_tokens", true}, {"pooling_mode_max_tokens", true}}}});
  });
}

TEST(SentenceTransformers, TextsAreCutWhereItCutsThem) {
  const Json pooling{{"pooling_mode", "mean"}};
  const auto cut = read_files(
      {{"1_Pooling/config.json", pooling}, {"sentence_bert_config.json", {{"max_seq_length", 6}}}});
  EXPECT_EQ(cut.config.model.text.context_length, 6);
  const auto longer = read_files({{"1_Pooling/config.json", pooling},
                                  {"sentence_bert_config.json", {{"max_seq_length", 512}}}});
  EXPECT_EQ(longer.config.model.text.context_length, 9);
  const auto lower = read_files({{"1_Pooling/config.json", pooling},
                                 {"sentence_bert_config.json", {{"do_lower_case", true}}}});
  EXPECT_EQ(lower.warnings.size(), 1U);
}

}  // namespace
}  // namespace tandem
