#include <filesystem>

#include <gtest/gtest.h>

#include "tandem/model/model_directory.h"
#include "tandem/train/trainer.h"
#include "train/tiny.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(TANDEM_SOURCE_DIR) / "tests/golden/tokens";

// Tokenizers whose texts begin, end or are padded with one and the same token, or with none.
class ForeignTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(ForeignTokenizer, TrainsAModelThatCanBeReadAndGoneOnWith) {
  const TemporaryFolder folder;
  RunConfig config = tiny_run(folder.path());
  config.tokenizer.file = (kGolden / GetParam()).string();
  config.tokenizer.train_vocab_size = 0;
  config.train.max_steps = 2;
  config.train.checkpoint_every_steps = 1;
  const TrainSummary first = Trainer(config).run();
  EXPECT_EQ(first.steps, 2);
  EXPECT_GT(load_model(first.model_directory).config.model.text.vocab_size, 0);
  config.train.max_steps = 3;
  EXPECT_EQ(Trainer(config).run().steps, 3);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ForeignTokenizer,
                         testing::Values("clip", "gpt2", "llama", "llama3", "spm_t5",
                                         "word_piece_mix", "bpe_mix", "unigram_bytes"));

}  // namespace
}  // namespace tandem::test
