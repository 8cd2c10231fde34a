#include "tandem/model/model_directory.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/temporary_folder.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

ModelOptions small_options() {
  ModelOptions options;
  options.embed_dim = 12;
  options.text = {.vocab_size = 50, .context_length = 16, .width = 16, .layers = 1, .heads = 2};
  options.image = {.image_size = 16, .patch_size = 8, .width = 16, .layers = 1, .heads = 2};
  return options;
}

/// What loading the model in `folder` says in the log.
std::string said_on_loading(const TemporaryFolder& folder) {
  {
    const LogFile log(folder / "log");
    (void)load_model(folder.path());
  }
  return read_file(folder / "log");
}

TEST(LoadModel, SaysWhichWeightsAreNotFinite) {
  const TemporaryFolder folder;
  ClipModel model(small_options(), 9);
  save_model(folder.path(), model, {.model = small_options(), .tokenizer = {}, .transform = {}});
  EXPECT_EQ(said_on_loading(folder).find("not finite"), std::string::npos);

  TensorMap weights = load_safetensors(folder / "model.safetensors").tensors;
  // Finite numbers whose sum is not.
  weights.at("text_projector.linear.weight").fill_(std::numeric_limits<float>::max());
  save_safetensors(folder / "model.safetensors", weights);
  EXPECT_EQ(said_on_loading(folder).find("not finite"), std::string::npos);
  weights.at("image.class_token")[3] = std::numeric_limits<float>::quiet_NaN();
  weights.at("logit_scale").fill_(std::numeric_limits<float>::infinity());
  save_safetensors(folder / "model.safetensors", weights);
  const std::string said = said_on_loading(folder);
  for (const char* part : {"model.safetensors", "weights that are not finite", "2 tensors",
                           "image.class_token, logit_scale"})
    EXPECT_NE(said.find(part), std::string::npos) << said;
}

}  // namespace
}  // namespace tandem
