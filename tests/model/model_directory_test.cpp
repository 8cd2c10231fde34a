#include "tandem/model/model_directory.h"

#include <limits>
#include <map>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "model/model_card.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

ModelOptions small_options() {
  ModelOptions options;
  options.embed_dim = 12;
  options.text = {.vocab_size = 50, .context_length = 16, .width = 16, .layers = 1, .heads = 2};
  options.image = {.image_size = 16, .patch_size = 8, .width = 16, .layers = 1, .heads = 2};
  return options;
}

TEST(ModelDirectory, NamesWeightsThatAreNotFinite) {
  const ClipModel model(small_options(), 9);
  TensorMap weights = named_weights(*model);
  const torch::NoGradGuard no_grad;
  // Finite numbers whose sum is not.
  weights.at("text_projector.linear.weight").fill_(std::numeric_limits<float>::max());
  EXPECT_EQ(weights_not_finite(model), std::vector<std::string>{});
  weights.at("image.class_token")[3] = std::numeric_limits<float>::quiet_NaN();
  weights.at("logit_scale").fill_(std::numeric_limits<float>::infinity());
  EXPECT_EQ(weights_not_finite(model),
            (std::vector<std::string>{"image.class_token", "logit_scale"}));
}

TEST(ModelDirectory, TellsARunAndItsCheckpointsFromAModel) {
  const TemporaryFolder folder;
  const std::filesystem::path run = folder / "run";
  const std::filesystem::path checkpoint = run / "checkpoints" / "step-00000010";
  std::filesystem::create_directories(checkpoint);
  for (const std::filesystem::path& each : {run, checkpoint})
    write_file_atomically(each / "config.json", R"({"optim": {"lr": 0.001}})");
  write_file_atomically(run / "checkpoints" / "latest", "step-00000010");
  for (const char* name : {"model.safetensors", "optimizer.safetensors", "state.json"})
    write_file_atomically(checkpoint / name, "");
  const auto refusal = [](const std::filesystem::path& path, const ErrorParts& parts) {
    return expect_error(ErrorKind::kMissingInput, parts, [&] { (void)load_model(path); });
  };
  EXPECT_EQ(refusal(run, {.what = "a run's folder"}).text().hint, "") << "no model there yet";
  EXPECT_EQ(refusal(checkpoint, {.what = "a run's checkpoint"}).text().hint, "");
  std::filesystem::create_directories(run / "model");
  write_file_atomically(run / "model" / "config.json", "{}");
  for (const std::filesystem::path& each : {run, run / ""})
    refusal(each, {.what = "not a model's",
                   .expected = "the folder model/ that the run writes",
                   .hint = (run / "model").string()});
  for (const std::filesystem::path& each : {checkpoint, checkpoint / "", run / "checkpoints"})
    refusal(each, {.hint = (run / "model").string()});
}

TEST(ModelCard, OfOneTowerNamesACommandThatRunsIt) {
  const std::map<Towers, std::string> commands = {
      {Towers::kBoth, "clip-zeroshot --model . --images image.jpg --classes"},
      {Towers::kText, "clip-embed --model . --texts captions.txt --output"},
      {Towers::kImage, "clip-embed --model . --images image.jpg --output"}};
  for (const auto& [towers, command] : commands) {
    ModelOptions options = small_options();
    options.towers = towers;
    const std::string card = model_card(ClipModel(options), {.model = options});
    const bool both = towers == Towers::kBoth;
    EXPECT_NE(card.find(command), std::string::npos) << card;
    EXPECT_EQ(card.find("zero-shot") != std::string::npos, both) << card;
    EXPECT_EQ(card.find("| text |") != std::string::npos, towers != Towers::kImage) << card;
    EXPECT_EQ(card.find("| image |") != std::string::npos, towers != Towers::kText) << card;
  }
}

}  // namespace
}  // namespace tandem
