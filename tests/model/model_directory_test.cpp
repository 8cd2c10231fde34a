#include "tandem/model/model_directory.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

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

}  // namespace
}  // namespace tandem
