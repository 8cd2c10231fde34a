#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/fields/fields.h"
#include "config/samples.h"

namespace tandem {
namespace {

/// Gives every field of a configuration a value other than its default.
struct Changer {
  const config::Field& field;

  void operator()(bool* value) const { *value = !*value; }
  void operator()(int64_t* value) const { *value += 3; }
  void operator()(uint64_t* value) const { *value += UINT64_MAX - 5; }
  void operator()(double* value) const { *value = *value * 0.9 + 1.0 / 3.0; }
  void operator()(std::string* value) const {
    *value = field.names.empty() ? "\"é\\\n" : field.names[0];
  }
  void operator()(std::vector<std::string>* value) const { *value = {"", "a {}\t", "b"}; }
  void operator()(std::vector<double>* value) const { *value = {0.25, 2.0, 1e-9}; }
  void operator()(std::array<double, 3>* value) const { *value = {0.1, 1e-17, 1.0 / 3.0}; }
  void operator()(std::optional<int64_t>* value) const { *value = 7; }
  void operator()(const config::EnumTarget& target) const {
    target.set((target.get() + 1) % target.names.size());
  }
};

template <typename Config>
Config changed() {
  Config config;
  const config::FieldTable table = config::field_table(config);
  for (const config::Field& field : table.fields()) std::visit(Changer{field}, field.target);
  return config;
}

TEST(ToJson, IsJsonWithTheNestingOfTheStructs) {
  const auto json = nlohmann::json::parse(to_json(RunConfig{}));
  EXPECT_EQ(json.size(), 9U);
  EXPECT_EQ(json.at("data").at("train").at("shapes").at("count"), 64000);
  EXPECT_EQ(json.at("model").at("image").at("mean").size(), 3U);
  EXPECT_FALSE(json.at("train").contains("max_steps"));
  EXPECT_EQ(json.at("optim").at("lr"), 5e-4);
}

TEST(ToJson, ReadsBackUnchanged) {
  const RunConfig config = parse_with(
      {"train.max_steps=12", "optim.lr=0.1234567890123456", "run.output_dir=\"\\\"é\\t\\\\ü\"",
       "model.text.preset=roberta_base", "model.text.layers=2", "model.text.vocab_size=0",
       "run.seed=18446744073709551615", R"(eval.templates=["{} \"x\""])"});
  const std::string json = to_json(config);
  const RunConfig again = parse_run_config(json);
  EXPECT_EQ(to_json(again), json);
  EXPECT_TRUE(config_differences(config, again).empty());
  EXPECT_EQ(again.model.text.layers, 2);
  EXPECT_EQ(again.optim.lr, 0.1234567890123456);
}

TEST(ToJson, HoldsEveryFieldOnce) {
  const RunConfig config = changed<RunConfig>();
  const auto flat = nlohmann::json::parse(to_json(config)).flatten();
  size_t values = 0;
  RunConfig copy = config;
  const config::FieldTable table = config::field_table(copy);
  for (const config::Field& field : table.fields()) {
    const bool is_list = std::holds_alternative<std::vector<std::string>*>(field.target) ||
                         std::holds_alternative<std::vector<double>*>(field.target) ||
                         std::holds_alternative<std::array<double, 3>*>(field.target);
    values += is_list ? 3 : 1;
  }
  EXPECT_EQ(flat.size(), values);
}

TEST(ToJson, OfAModelReadsBackUnchanged) {
  ModelConfig config;
  config.model.text = text_preset("clip_text_b");
  config.model.image = image_preset("siglip_base_patch16_224");
  config.model.image.layers = 1;
  config.tokenizer.file = "tokenizer.model";
  config.tokenizer.train_vocab_size = 300;
  config.transform.interpolation = Interpolation::kLanczos;
  const std::string json = to_json(config);
  const ModelConfig again = parse_model_config(json, "config.json");
  EXPECT_EQ(to_json(again), json);
  EXPECT_EQ(again.model.image.layers, 1);
  EXPECT_EQ(again.transform.interpolation, Interpolation::kLanczos);
  EXPECT_EQ(nlohmann::json::parse(json).size(), 3U);
}

TEST(ConfigDifferences, NamesEveryFieldThatDiffers) {
  const RunConfig before = parse_with({});
  const RunConfig after =
      parse_with({"optim.lr=0.001", "train.max_steps=5", "train.precision=bf16"});
  EXPECT_EQ(config_differences(before, after),
            (std::vector<ConfigDifference>{
                {.path = "optim.lr", .before = "0.0005", .after = "0.001"},
                {.path = "train.max_steps", .before = "unset", .after = "5"},
                {.path = "train.precision", .before = "\"fp32\"", .after = "\"bf16\""}}));
  RunConfig defaults;
  EXPECT_EQ(config_differences(defaults, changed<RunConfig>()).size(),
            config::field_table(defaults).fields().size());
}

TEST(ConfigDifferences, SayWhetherARunMayBeResumedWithThem) {
  const RunConfig before = parse_with({});
  for (const ConfigDifference& each : config_differences(before, changed<RunConfig>())) {
    const auto is_in = [&](const char* section) { return each.path.starts_with(section); };
    const bool fixed = is_in("model.") || is_in("tokenizer.") || is_in("data.train.") ||
                       is_in("task.") || each.path == "data.batch_size" || each.path == "run.seed";
    const bool ignored = each.path == "run.name" || each.path == "run.output_dir";
    EXPECT_EQ(each.on_resume, fixed     ? OnResume::kFixed
                              : ignored ? OnResume::kIgnored
                                        : OnResume::kMayChange)
        << each.path;
  }
}

TEST(ConfigDifferences, ReadAsPathAndBothValues) {
  EXPECT_EQ(to_string({.path = "optim.lr", .before = "0.0005", .after = "unset"}),
            "optim.lr: 0.0005 -> unset");
}

}  // namespace
}  // namespace tandem
