#include "tandem/inference/pipeline.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "inference/image_options.h"
#include "inference/model_tokenizer.h"
#include "inference/pipeline_implementation.h"
#include "inference/precision.h"
#include "inference/requirements.h"
#include "tandem/core/device.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace fs = std::filesystem;

Pipeline::Pipeline(std::shared_ptr<const Implementation> implementation)
    : implementation_(std::move(implementation)) {}

Pipeline Pipeline::load(const fs::path& directory, const PipelineOptions& options) {
  check_batch_size(options.batch_size);
  const torch::Device device = resolve_device(options.device);
  check_inference_precision(options.precision, device);
  require_directory(directory);
  LoadedModel loaded = load_model(directory);
  std::shared_ptr<const Tokenizer> tokenizer = load_model_tokenizer(directory, loaded.config);

  auto implementation = std::make_shared<Implementation>();
  implementation->model = loaded.model;
  implementation->tokenizer = std::move(tokenizer);
  implementation->config = loaded.config;
  apply_image_options(options.images, implementation->config.transform);
  implementation->directory = directory;
  implementation->device = device;
  implementation->batch_size = options.batch_size;
  loaded.model->to(device);
  implementation->tolerance = set_inference_precision(loaded.model, options.precision);
  loaded.model->eval();
  if (device.is_cpu()) warn_when_slow(options.precision);
  return Pipeline(std::move(implementation));
}

Pipeline Pipeline::from_model(ClipModel model, std::shared_ptr<const Tokenizer> tokenizer,
                              ModelConfig config, int64_t batch_size) {
  check_batch_size(batch_size);
  auto implementation = std::make_shared<Implementation>();
  implementation->device = model->logit_scale().device();
  implementation->model = std::move(model);
  implementation->tokenizer = std::move(tokenizer);
  implementation->config = std::move(config);
  implementation->batch_size = batch_size;
  implementation->borrowed = true;
  return Pipeline(std::move(implementation));
}

torch::Tensor Pipeline::encode_images(const std::vector<fs::path>& files) const {
  return implementation_->all(files.size(), "images", implementation_->encode_images(files));
}

torch::Tensor Pipeline::encode_images(const std::vector<Image>& images) const {
  return implementation_->all(images.size(), "images", implementation_->encode_images(images));
}

torch::Tensor Pipeline::encode_image_bytes(const std::vector<std::string_view>& files) const {
  return implementation_->all(files.size(), "images", implementation_->encode_images(files));
}

PartialEmbeddings Pipeline::try_encode_images(int64_t count,
                                              const std::function<Image(int64_t)>& load) const {
  return implementation_->what_can(
      static_cast<size_t>(std::max<int64_t>(count, 0)), "images",
      implementation_->encode_images(count, implementation_->prepare(load)));
}

PartialEmbeddings Pipeline::try_encode_images(const std::vector<fs::path>& files) const {
  return implementation_->what_can(files.size(), "images", implementation_->encode_images(files));
}

PartialEmbeddings Pipeline::try_encode_image_bytes(
    const std::vector<std::string_view>& files) const {
  return implementation_->what_can(files.size(), "images", implementation_->encode_images(files));
}

torch::Tensor Pipeline::encode_texts(const std::vector<std::string>& texts) const {
  return implementation_->all(texts.size(), "texts", implementation_->encode_texts(texts));
}

PartialEmbeddings Pipeline::try_encode_texts(const std::vector<std::string>& texts) const {
  return implementation_->what_can(texts.size(), "texts", implementation_->encode_texts(texts));
}

torch::Tensor Pipeline::encode_ids(const std::vector<std::vector<int32_t>>& texts) const {
  require_any(texts.size(), "texts");
  require_tower(config(), Towers::kText, implementation_->directory);
  check_ids(texts, config().model.text);
  const auto count = static_cast<int64_t>(texts.size());
  const auto ids_of = [&](int64_t i) { return texts[static_cast<size_t>(i)]; };
  return implementation_->all(texts.size(), "texts", implementation_->encode_texts(count, ids_of));
}

GoldenCheck Pipeline::check_golden() const {
  if (implementation_->borrowed)
    throw Error(ErrorKind::kUsage, "a model in training has no golden sample yet");
  const auto sample = load_golden_sample(implementation_->directory);
  if (!sample) {
    throw Error(ErrorKind::kCheckpoint, {.what = "there is no golden sample here",
                                         .where = implementation_->directory.string(),
                                         .expected = "golden.safetensors"});
  }
  const c10::InferenceMode inference;
  const ClipModel& model = implementation_->model;
  GoldenCheck check{.difference = golden_difference(model, *sample),
                    .tolerance = implementation_->tolerance};
  if (has_tokenizer() && !sample->text.text.empty()) {
    const int64_t context_length = config().model.text.context_length;
    check.same_ids = tokenizer().encode(sample->text.text, context_length).ids == sample->text.ids;
  }
  return check;
}

torch::Tensor Pipeline::similarity(const torch::Tensor& image_embeddings,
                                   const torch::Tensor& text_embeddings) const {
  for (const torch::Tensor& each : {image_embeddings, text_embeddings}) {
    if (each.dim() == 2 && each.size(1) == embed_dim()) continue;
    throw Error(ErrorKind::kUsage, {.what = "embeddings have the wrong shape",
                                    .expected = fmt::format("[N, {}]", embed_dim()),
                                    .found = fmt::format("[{}]", fmt::join(each.sizes(), ", "))});
  }
  const double scale =
      std::exp(implementation_->model->logit_scale().detach().to(torch::kFloat64).item<double>());
  torch::Tensor logits = image_embeddings.matmul(text_embeddings.t()) * scale;  // [N, M]
  const torch::Tensor& bias = implementation_->model->logit_bias();
  return bias.defined() ? logits + bias.detach().to(torch::kCPU) : logits;
}

ScoreKind Pipeline::score_kind() const {
  return config().model.logit_bias ? ScoreKind::kSigmoid : ScoreKind::kSoftmax;
}

torch::Tensor Pipeline::scores(const torch::Tensor& image_embeddings,
                               const torch::Tensor& text_embeddings) const {
  const torch::Tensor logits = similarity(image_embeddings, text_embeddings);
  return score_kind() == ScoreKind::kSigmoid ? logits.sigmoid() : logits.softmax(-1);
}

const ModelConfig& Pipeline::config() const { return implementation_->config; }
bool Pipeline::has_tokenizer() const { return implementation_->tokenizer != nullptr; }
const Tokenizer& Pipeline::tokenizer() const {
  if (has_tokenizer()) return *implementation_->tokenizer;
  require_tower(config(), Towers::kText, implementation_->directory);
  throw_no_tokenizer(implementation_->directory);
}
int64_t Pipeline::embed_dim() const { return config().model.embed_dim; }
int64_t Pipeline::batch_size() const { return implementation_->batch_size; }

}  // namespace tandem
