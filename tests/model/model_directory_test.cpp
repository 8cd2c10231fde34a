#include "tandem/model/model_directory.h"

#include <limits>
#include <map>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "model/model_card.h"

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
  TensorMap weights = named_weights(model);
  const torch::NoGradGuard no_grad;
  // Finite numbers whose sum is not.
  weights.at("text_projector.linear.weight").fill_(std::numeric_limits<float>::max());
  EXPECT_EQ(weights_not_finite(model), std::vector<std::string>{});
  weights.at("image.class_token")[3] = std::numeric_limits<float>::quiet_NaN();
  weights.at("logit_scale").fill_(std::numeric_limits<float>::infinity());
  EXPECT_EQ(weights_not_finite(model),
            (std::vector<std::string>{"image.class_token", "logit_scale"}));
}

TEST(ModelCard, OfOneTowerNamesACommandThatRunsIt) {
  const std::map<Towers, std::string> commands = {
      {Towers::kBoth, "clip-zeroshot --model . --images picture.jpg --classes"},
      {Towers::kText, "clip-embed --model . --texts captions.txt --output"},
      {Towers::kImage, "clip-embed --model . --images picture.jpg --output"}};
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
