// Every place that model.pretrained and the towers' own may name.
#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "model/weights_place.h"
#include "tandem/core/files.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

ModelOptions tiny_options() {
  ModelOptions options;
  options.embed_dim = 4;
  options.text = {.vocab_size = 20, .context_length = 6, .width = 8, .layers = 1, .heads = 2};
  options.image = {.image_size = 8, .patch_size = 4, .width = 8, .layers = 1, .heads = 2};
  return options;
}

/// A run's folder: checkpoints/step-00000002, which `latest` names, and, if asked, model/.
class Pretrained : public testing::Test {
 protected:
  Pretrained() {
    const fs::path checkpoint = folder_ / "checkpoints" / "step-00000002";
    fs::create_directories(checkpoint);
    save_safetensors(checkpoint / "model.safetensors", named_weights(*trained_));
    write_file_atomically(folder_ / "checkpoints" / "latest", "step-00000002\n");
    write_file_atomically(folder_ / "config.json", "{}");
  }
  void expect_starts_from(const fs::path& place) const {
    ModelOptions options = tiny_options();
    options.pretrained = place.string();
    const TensorMap whole = named_weights(*make_model(options, 1));
    for (const auto& [name, tensor] : named_weights(*trained_))
      EXPECT_TRUE(torch::equal(tensor, whole.at(name))) << place << name;
    options.pretrained = "";
    options.text.pretrained = options.image.pretrained = place.string();
    const TensorMap towers = named_weights(*make_model(options, 1));
    for (const auto& [name, tensor] : named_weights(*trained_)) {
      if (!name.starts_with("text.") && !name.starts_with("image.")) continue;
      EXPECT_TRUE(torch::equal(tensor, towers.at(name))) << place << name;
    }
  }
  ClipModel trained_{tiny_options(), 9};
  TemporaryFolder folder_;
};

TEST_F(Pretrained, MayBeARunACheckpointOrTheFileThatNamesTheLatest) {
  for (const char* place : {"", "checkpoints", "checkpoints/latest", "checkpoints/step-00000002",
                            "checkpoints/step-00000002/model.safetensors"})
    expect_starts_from(folder_ / place);
}

TEST_F(Pretrained, TakesTheModelOfARunThatIsOver) {
  const fs::path model = folder_ / "model" / "model.safetensors";
  EXPECT_EQ(find_weights_file(folder_.path()),
            folder_ / "checkpoints" / "step-00000002" / "model.safetensors");
  fs::create_directories(folder_ / "model");
  fs::copy_file(folder_ / "checkpoints" / "step-00000002" / "model.safetensors", model);
  EXPECT_EQ(find_weights_file(folder_.path()), model);
  expect_starts_from(folder_ / "model");
}

// A captioner that starts from a CLIP: what the file does not have is as drawn from the seed.
TEST_F(Pretrained, LeavesOutWhatACaptionerHasBesideIt) {
  ModelOptions options = tiny_options();
  options.text.cross_attention = true;
  options.decoder = {
      .vocab_size = 20, .context_length = 6, .width = 8, .layers = 1, .heads = 2, .bos_id = 0};
  const TensorMap drawn = named_weights(*make_model(options, 1));
  options.pretrained = folder_.path().string();
  const TensorMap trained = named_weights(*trained_);
  size_t from_file = 0;
  for (const auto& [name, tensor] : named_weights(*make_model(options, 1))) {
    const bool stored = trained.contains(name);
    from_file += stored ? 1 : 0;
    EXPECT_TRUE(torch::equal(tensor, (stored ? trained : drawn).at(name))) << name;
  }
  EXPECT_EQ(from_file, trained.size());
  EXPECT_GT(drawn.size(), trained.size());

  options.pretrained = "";
  options.text.pretrained = folder_.path().string();
  const TensorMap tower = named_weights(*make_model(options, 1));
  for (const auto& [name, tensor] : tower) {
    const bool stored = name.starts_with("text.") && trained.contains(name);
    EXPECT_TRUE(torch::equal(tensor, (stored ? trained : drawn).at(name))) << name;
  }
}

TEST_F(Pretrained, LosesThePositionsBeyondAShorterContext) {
  ModelOptions options = tiny_options();
  options.text.context_length = 4;
  options.text.pretrained = (folder_ / "checkpoints").string();
  const ClipModel model = make_model(options, 1);
  const torch::Tensor& table = model->text->position_embedding;
  EXPECT_EQ(table.size(0), trained_->text->position_embedding.size(0) - 2);
  EXPECT_TRUE(torch::equal(table, trained_->text->position_embedding.slice(0, 0, table.size(0))));

  options.text.context_length = 9;  // There is nothing to fill the further ones with.
  expect_error(ErrorKind::kCheckpoint, {.what = "text.position_embedding"},
               [&] { (void)make_model(options, 1); });
}

TEST_F(Pretrained, NamesAPlaceWithoutWeights) {
  const auto refuses = [&](const ErrorParts& parts, const fs::path& place) {
    expect_error(ErrorKind::kMissingInput, parts, [&] { (void)find_weights_file(place); });
  };
  write_file_atomically(folder_ / "checkpoints" / "latest", "../step-00000002");
  refuses({.what = "names no checkpoint beside it"}, folder_ / "checkpoints" / "latest");
  write_file_atomically(folder_ / "checkpoints" / "latest", "step-00000009\n");
  refuses({.found = "step-00000009"}, folder_ / "checkpoints");
  fs::create_directories(folder_ / "empty");
  refuses({.what = "holds no weights"}, folder_ / "empty");
  fs::create_directories(folder_ / "hf");
  write_file_atomically(folder_ / "hf" / "config.json", R"({"model_type": "clip"})");
  write_file_atomically(folder_ / "hf" / "model.safetensors", "x");
  refuses({.hint = "clip-convert --from hf"}, folder_ / "hf");
}

}  // namespace
}  // namespace tandem
