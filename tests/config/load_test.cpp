#include "tandem/config/load.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "config/samples.h"
#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

/// TANDEM_SET for the length of a test.
class Environment {
 public:
  explicit Environment(const char* value) { ::setenv("TANDEM_SET", value, 1); }
  ~Environment() { ::unsetenv("TANDEM_SET"); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
};

TEST(LoadRunConfig, GivesDefaultsForWhatTheFileLeavesOut) {
  const RunConfig config = parse_run_config(config_with(R"("optim": {"lr": 0.25})"));
  EXPECT_EQ(config.optim.lr, 0.25);
  EXPECT_EQ(config.optim.beta2, OptimOptions{}.beta2);
  EXPECT_EQ(config.data.train.kind, SourceKind::kShapes);
  EXPECT_FALSE(config.train.max_steps.has_value());
}

TEST(LoadRunConfig, ReadsEveryTypeOfField) {
  const RunConfig config = parse_run_config(config_with(R"(
    "run": {"seed": 18446744073709551615, "name": "é"},
    "model": {"text": {"causal": true, "pool": "eot"},
              "image": {"mean": [0, 0.5, 1], "activation": "quick_gelu"}},
    "train": {"max_steps": 12, "epochs": 2},
    "eval": {"templates": ["a {}", "{label}!"]})"));
  EXPECT_EQ(config.run.seed, UINT64_MAX);
  EXPECT_EQ(config.run.name, "é");
  EXPECT_TRUE(config.model.text.causal);
  EXPECT_EQ(config.model.text.pool, TextPool::kEot);
  EXPECT_EQ(config.model.image.mean, (std::array<double, 3>{0, 0.5, 1}));
  EXPECT_EQ(config.model.image.activation, Activation::kQuickGelu);
  EXPECT_EQ(config.train.max_steps, 12);
  EXPECT_EQ(config.train.epochs, 2.0);
  EXPECT_EQ(config.eval.templates, (std::vector<std::string>{"a {}", "{label}!"}));
}

TEST(LoadRunConfig, OrdersDefaultsFileEnvironmentAndFlags) {
  const TemporaryFolder folder;
  const auto file = folder / "run.json";
  write_file_atomically(
      file, config_with(R"("optim": {"lr": 0.1, "beta1": 0.1, "beta2": 0.1, "eps": 0.1})"));
  const Environment environment(" optim.beta1=0.2\n\toptim.beta2=0.2 optim.eps=0.2 ");
  const RunConfig config =
      load_run_config(file, {"optim.beta2=0.3", "optim.eps=0.3", "optim.eps=0.4"});
  EXPECT_EQ(config.optim.weight_decay, 0.2);
  EXPECT_EQ(config.optim.lr, 0.1);
  EXPECT_EQ(config.optim.beta1, 0.2);
  EXPECT_EQ(config.optim.beta2, 0.3);
  EXPECT_EQ(config.optim.eps, 0.4);
}

TEST(LoadRunConfig, NamesTheEnvironmentInItsMistakes) {
  const TemporaryFolder folder;
  const auto file = folder / "run.json";
  write_file_atomically(file, config_with());
  const Environment environment("optim.lr=fast");
  expect_error(ErrorKind::kConfig, {.what = "TANDEM_SET: optim.lr: expected a number above 0"},
               [&] { (void)load_run_config(file); });
}

TEST(LoadRunConfig, LeavesTheEnvironmentAloneForTextAtHand) {
  const Environment environment("optim.lr=0.7");
  EXPECT_EQ(parse_run_config(config_with()).optim.lr, OptimOptions{}.lr);
}

TEST(LoadRunConfig, TellsAMissingFileFromABadOne) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kMissingInput, {.where = "absent.json"},
               [&] { (void)load_run_config(folder / "absent.json"); });
  write_file_atomically(folder / "empty.json", "");
  expect_error(ErrorKind::kConfig, {.what = "empty.json:1:1: nothing there"},
               [&] { (void)load_run_config(folder / "empty.json"); });
  write_file_atomically(folder / "big.json", std::string((size_t{16} << 20) + 1, ' '));
  expect_error(ErrorKind::kConfig, {.where = "big.json"},
               [&] { (void)load_run_config(folder / "big.json"); });
}

TEST(LoadRunConfig, ToleratesTheSchemaKeyAtTheTopAlone) {
  EXPECT_NO_THROW((void)parse_run_config(config_with(R"("$schema": "schema.json")")));
  expect_error(ErrorKind::kConfig, {.what = "$schema: expected a text"},
               [] { (void)parse_run_config(config_with(R"("$schema": 1)")); });
  expect_error(ErrorKind::kConfig, {.what = "optim.$schema: unknown key"},
               [] { (void)parse_run_config(config_with(R"("optim": {"$schema": "x"})")); });
}

TEST(LoadRunConfig, ReadsEveryConfigurationThatComesWithTheSources) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(TANDEM_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() != ".json") continue;
    EXPECT_NO_THROW((void)load_run_config(entry.path())) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 2);
}

TEST(LoadRunConfig, ReadsTheArticlesModel) {
  const std::filesystem::path folder = std::filesystem::path(TANDEM_SOURCE_DIR) / "configs";
  const ModelOptions model = load_run_config(folder / "article.json").model;
  EXPECT_EQ(model.embed_dim, 256);
  EXPECT_EQ(model.text.preset, "roberta_base");
  EXPECT_EQ(model.text.width, 768);
  EXPECT_EQ(model.text.pool, TextPool::kMeanAll);
  EXPECT_EQ(model.image.pool, ImagePool::kLogits);
  EXPECT_EQ(model.image.num_classes, 1000);
  EXPECT_EQ(model.projector.kind, ProjectorKind::kGeluLayerNorm);
  EXPECT_TRUE(model.normalize_features);
  EXPECT_FALSE(model.normalize_embeddings);
}

TEST(LoadRunConfig, ReadsTheRecommendedModel) {
  const std::filesystem::path folder = std::filesystem::path(TANDEM_SOURCE_DIR) / "configs";
  const RunConfig config = load_run_config(folder / "vit_b16_roberta_base.json");
  EXPECT_EQ(config.model.text.pool, TextPool::kMean);
  EXPECT_EQ(config.model.image.pool, ImagePool::kCls);
  EXPECT_EQ(config.model.image.patch_size, 16);
  EXPECT_FALSE(config.model.normalize_features);
  EXPECT_TRUE(config.model.normalize_embeddings);
  EXPECT_EQ(config.tokenizer.train_vocab_size, 32000);
}

TEST(ParseSource, ReadsAnEntryOfATaskFile) {
  const SourceOptions source = parse_source(
      R"({"kind": "table", "path": "a.csv", "separator": ",", "shapes": {"count": 5}})", "task");
  EXPECT_EQ(source.kind, SourceKind::kTable);
  EXPECT_EQ(source.path, "a.csv");
  EXPECT_EQ(source.separator, ",");
  EXPECT_EQ(source.shapes.count, 5);
}

TEST(ParseSource, IsAsStrict) {
  const Error error = expect_error(ErrorKind::kConfig, {.what = "2 mistakes"}, [] {
    (void)parse_source(R"({"kind": "table", "pth": "a.csv"})", "task");
  });
  expect_parts(error, {.what = "task:1:19: pth: unknown key; did you mean `path`?"});
  expect_parts(error, {.what = "task:1:10: kind = table needs path"});
}

TEST(ParseModelConfig, KnowsItsOwnSectionsOnly) {
  expect_error(ErrorKind::kConfig, {.what = "m.json:1:2: optim: unknown key"},
               [] { (void)parse_model_config(R"({"optim": {}})", "m.json"); });
  expect_error(ErrorKind::kConfig, {.what = "data.augment: unknown key"},
               [] { (void)parse_model_config(R"({"data": {"augment": {}}})", "m.json"); });
  expect_error(ErrorKind::kConfig, {.what = "model.image.width = 100 is not a multiple"}, [] {
    (void)parse_model_config(R"({"model": {"image": {"width": 100, "heads": 3}}})", "m.json");
  });
}

}  // namespace
}  // namespace tandem
