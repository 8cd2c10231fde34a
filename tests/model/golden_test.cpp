// Forward values, loss, every gradient and a ten-step AdamW loss curve against PyTorch and
// transformers. The files come from scripts/make_golden.py; TANDEM_GOLDEN names one more file, for
// the published sizes.
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/config/load.h"
#include "tandem/io/safetensors.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/model/clip_model.h"
#include "tandem/model/model_directory.h"
#include "tandem/optim/adamw.h"

namespace tandem {
namespace {

// Largest difference relative to the largest reference value.
constexpr double kOutputTolerance = 1e-5;
constexpr double kGradientTolerance = 1e-4;

double relative_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  const double scale = reference.abs().max().item<double>();
  const double difference = (ours - reference).abs().max().item<double>();
  return scale > 0.0 ? difference / scale : difference;
}

TensorMap with_prefix(const TensorMap& tensors, const std::string& prefix) {
  TensorMap chosen;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) chosen.emplace(name.substr(prefix.size()), tensor);
  }
  return chosen;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  Golden() : file_(load_safetensors(GetParam())), data_(file_.tensors) {
    const ModelConfig config = parse_model_config(file_.metadata.at("config"), GetParam());
    model_ = ClipModel(config.model);
    load_weights(*model_, with_prefix(data_, "w."), GetParam());
    const torch::Tensor bounds = data_.at("in.cu_seqlens");
    tokens_ = {.ids = data_.at("in.ids"),
               .cu_seqlens = bounds,
               .max_length = bounds.diff().max().item<int64_t>()};
  }

  [[nodiscard]] torch::Tensor loss() {
    const ClipEmbeddings out = model_(data_.at("in.images"), tokens_);
    return contrastive_loss(out.image_embeddings, out.text_embeddings, model_->logit_scale());
  }

  SafetensorsFile file_;
  TensorMap data_;
  ClipModel model_{nullptr};
  TokenBatch tokens_;
};

TEST_P(Golden, FeaturesAndEmbeddingsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor images = data_.at("in.images");
  const std::map<std::string, torch::Tensor> ours = {
      {"out.image_features", model_->image(images)},
      {"out.text_features", model_->text(tokens_)},
      {"out.image_embeddings", model_->encode_images(images)},
      {"out.text_embeddings", model_->encode_texts(tokens_)},
      {"out.loss", loss()}};
  for (const auto& [name, tensor] : ours) {
    EXPECT_LT(relative_difference(tensor, data_.at(name)), kOutputTolerance) << name;
  }
}

TEST_P(Golden, EveryGradientEqualsTheReference) {
  loss().backward();
  const TensorMap reference = with_prefix(data_, "g.");
  // A gradient that is zero in exact arithmetic (a key's bias) is rounding noise in both; it is
  // measured against the largest gradient of the whole model.
  double largest = 0.0;
  for (const auto& [name, gradient] : reference) {
    largest = std::max(largest, gradient.abs().max().item<double>());
  }
  for (const auto& entry : model_->named_parameters()) {
    const torch::Tensor expected = reference.at(entry.key());
    ASSERT_TRUE(entry.value().grad().defined()) << entry.key();
    const double difference = (entry.value().grad() - expected).abs().max().item<double>();
    const double scale = std::max(expected.abs().max().item<double>(), 1e-3 * largest);
    EXPECT_LT(difference / scale, kGradientTolerance) << entry.key();
  }
}

TEST_P(Golden, TenStepsOfAdamWFollowTheReference) {
  AdamW optimizer(trainable_parameters(*model_),
                  OptimOptions{.beta1 = 0.9, .beta2 = 0.98, .eps = 1e-6});
  const torch::Tensor reference = data_.at("out.loss_curve");
  const double lr = file_.metadata.contains("lr") ? std::stod(file_.metadata.at("lr")) : 1e-3;
  for (int64_t step = 0; step < reference.size(0); ++step) {
    optimizer.zero_grad();
    const torch::Tensor value = loss();
    value.backward();
    optimizer.reduce(*single_process());
    optimizer.update(lr);
    model_->clamp_logit_scale();
    EXPECT_LT(relative_difference(value, reference[step]), kOutputTolerance) << "step " << step;
  }
}

TEST_P(Golden, APerturbedWeightIsNoticed) {
  const torch::NoGradGuard no_grad;
  for (const char* name : {"text.layers.0.attention.qkv.weight", "image.layers.1.mlp_out.weight",
                           "image.position_embedding", "text_projector.linear.weight"}) {
    torch::Tensor parameter = model_->named_parameters()[name];
    parameter.flatten()[3].add_(0.01);
    const double image = relative_difference(model_->encode_images(data_.at("in.images")),
                                             data_.at("out.image_embeddings"));
    const double text =
        relative_difference(model_->encode_texts(tokens_), data_.at("out.text_embeddings"));
    EXPECT_GT(std::max(image, text), kOutputTolerance) << name;
    parameter.flatten()[3].sub_(0.01);
  }
}

std::vector<std::string> golden_files() {
  const std::string folder = TANDEM_SOURCE_DIR "/tests/golden/";
  std::vector<std::string> files = {folder + "article.safetensors",
                                    folder + "recommended.safetensors"};
  if (const char* more = std::getenv("TANDEM_GOLDEN")) files.emplace_back(more);
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(golden_files()), [](const auto& file) {
  return std::filesystem::path(file.param).stem().string();
});

}  // namespace
}  // namespace tandem
