#include "tandem/inference/pipeline.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "inference/model_tokenizer.h"
#include "inference/picture_batch.h"
#include "inference/picture_options.h"
#include "inference/precision.h"
#include "inference/requirements.h"
#include "model/evaluation_mode.h"
#include "nn/unit_norm.h"
#include "tandem/core/device.h"
#include "tandem/core/log.h"
#include "tandem/image/transform.h"
#include "tandem/model/encode_in_slices.h"
#include "tandem/model/model_directory.h"
#include "tandem/nn/linear.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPackFrom = 32;  // Pictures or texts of one call.

}  // namespace

struct Pipeline::Implementation {
  ClipModel model{nullptr};
  std::shared_ptr<const Tokenizer> tokenizer;
  ModelConfig config;
  fs::path directory;
  torch::Device device{torch::kCPU};
  int64_t batch_size = 64;
  double tolerance = 0.0;  ///< Of the golden sample.
  bool borrowed = false;   ///< Somebody else's model, which may be in training.
  mutable std::mutex mutex;
  mutable std::once_flag packed;

  /// Packs the layers when enough is to be encoded at once to pay for it.
  void prepare_for(int64_t count) const;
  /// Returns the result of `encode` as fp32 [B, D] on the CPU.
  torch::Tensor run(const std::function<torch::Tensor(ClipModel)>& encode) const;
  torch::Tensor encode_pictures(const torch::Tensor& images) const;
  /// Fills the rows of `out` [count, D]; unusable pictures go to `on_error` in order.
  void encode_all(int64_t count, const std::function<Image(int64_t)>& prepare, torch::Tensor& out,
                  const std::function<void(int64_t, const Error&)>& on_error) const;
  torch::Tensor encode_strictly(int64_t count, const std::function<Image(int64_t)>& prepare) const;
  PartialEmbeddings encode_what_can(int64_t count,
                                    const std::function<Image(int64_t)>& prepare) const;
  /// Pictures as the tower takes them, [S, S].
  [[nodiscard]] Image prepared(const Image& image) const {
    return evaluation_transform(image, config.model.image.image_size, config.transform);
  }
  [[nodiscard]] Image prepared(const fs::path& file) const {
    return load_for_evaluation(file, config.model.image.image_size, config.transform);
  }
};

torch::Tensor Pipeline::Implementation::run(
    const std::function<torch::Tensor(ClipModel)>& encode) const {
  // Inference tensors must not leak into a model that goes on training.
  const c10::InferenceMode inference(!borrowed);
  const torch::NoGradGuard no_gradient;
  std::unique_lock lock(mutex, std::defer_lock);
  std::optional<EvaluationMode> evaluation;
  if (borrowed) {
    lock.lock();
    evaluation.emplace(model.ptr());
  }
  torch::Tensor embeddings = encode(model);  // [B, D]
  const bool rounded = embeddings.scalar_type() != torch::kFloat32;
  embeddings = embeddings.to(torch::kCPU, torch::kFloat32);
  if (!borrowed) require_finite(embeddings, directory.string());
  if (rounded && config.model.normalize_embeddings) {
    embeddings = unit_norm(embeddings);
  }
  return embeddings;
}

void Pipeline::Implementation::prepare_for(int64_t count) const {
  if (borrowed || !device.is_cpu() || count < kPackFrom) return;
  std::call_once(packed, [&] {
    ClipModel network = model;
    pack_linears(*network);
  });
}

torch::Tensor Pipeline::Implementation::encode_pictures(const torch::Tensor& images) const {
  return run(
      [&](ClipModel network) { return encode_images_in_slices(network, images.to(device)); });
}

void Pipeline::Implementation::encode_all(
    int64_t count, const std::function<Image(int64_t)>& prepare, torch::Tensor& out,
    const std::function<void(int64_t, const Error&)>& on_error) const {
  require_tower(config, Towers::kImage, directory);
  prepare_for(count);
  int64_t large = 0;
  for (int64_t first = 0; first < count; first += batch_size) {
    const PictureBatch batch = load_pictures({first, std::min(first + batch_size, count)}, prepare,
                                             config.model.image.image_size);
    large += batch.large;
    for (const auto& [row, error] : batch.errors) on_error(row, error);
    if (batch.rows.empty()) continue;
    out.index_copy_(0, torch::tensor(batch.rows, torch::kInt64), encode_pictures(batch.images));
  }
  if (large > 0)
    log_warn(fmt::format("{} of {} pictures have more than {} pixels.", large, count, kManyPixels));
}

torch::Tensor Pipeline::Implementation::encode_strictly(
    int64_t count, const std::function<Image(int64_t)>& prepare) const {
  require_any(static_cast<size_t>(count), "pictures");
  torch::Tensor embeddings = torch::zeros({count, config.model.embed_dim});
  encode_all(count, prepare, embeddings, [](int64_t, const Error& error) { throw error; });
  return embeddings;
}

PartialEmbeddings Pipeline::Implementation::encode_what_can(
    int64_t count, const std::function<Image(int64_t)>& prepare) const {
  require_any(static_cast<size_t>(std::max<int64_t>(count, 0)), "pictures");
  PartialEmbeddings result{.embeddings = torch::zeros({count, config.model.embed_dim}),
                           .errors = {}};
  result.errors.resize(static_cast<size_t>(count));
  encode_all(count, prepare, result.embeddings, [&](int64_t row, const Error& error) {
    result.errors[static_cast<size_t>(row)] = error;
  });
  return result;
}

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
  apply_picture_options(options.pictures, implementation->config.transform);
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
  return implementation_->encode_strictly(static_cast<int64_t>(files.size()), [&](int64_t i) {
    return implementation_->prepared(files[static_cast<size_t>(i)]);
  });
}

torch::Tensor Pipeline::encode_images(const std::vector<Image>& images) const {
  return implementation_->encode_strictly(static_cast<int64_t>(images.size()), [&](int64_t i) {
    return implementation_->prepared(images[static_cast<size_t>(i)]);
  });
}

PartialEmbeddings Pipeline::try_encode_images(int64_t count,
                                              const std::function<Image(int64_t)>& load) const {
  return implementation_->encode_what_can(
      count, [&](int64_t i) { return implementation_->prepared(load(i)); });
}

PartialEmbeddings Pipeline::try_encode_images(const std::vector<fs::path>& files) const {
  return implementation_->encode_what_can(static_cast<int64_t>(files.size()), [&](int64_t i) {
    return implementation_->prepared(files[static_cast<size_t>(i)]);
  });
}

torch::Tensor Pipeline::encode_texts(const std::vector<std::string>& texts) const {
  require_any(texts.size(), "texts");
  require_tower(config(), Towers::kText, implementation_->directory);
  const auto count = static_cast<int64_t>(texts.size());
  const int64_t context_length = config().model.text.context_length;
  const int64_t step = implementation_->batch_size;
  implementation_->prepare_for(count);
  torch::Tensor embeddings = torch::empty({count, embed_dim()});
  int64_t truncated = 0;
  for (int64_t first = 0; first < count; first += step) {
    const int64_t last = std::min(first + step, count);
    std::vector<std::vector<int32_t>> ids;
    for (int64_t i = first; i < last; ++i) {
      Encoding encoding = tokenizer().encode(texts[static_cast<size_t>(i)], context_length);
      truncated += encoding.truncated ? 1 : 0;
      ids.push_back(std::move(encoding.ids));
    }
    const TokenBatch tokens = pack_tokens(ids).to(implementation_->device);
    embeddings.slice(0, first, last).copy_(implementation_->run([&](ClipModel network) {
      return encode_texts_in_slices(network, tokens);
    }));
  }
  if (truncated > 0)
    log_warn(
        fmt::format("{} of {} texts were cut to {} tokens.", truncated, count, context_length));
  return embeddings;
}

torch::Tensor Pipeline::encode_ids(const std::vector<std::vector<int32_t>>& texts) const {
  require_any(texts.size(), "texts");
  require_tower(config(), Towers::kText, implementation_->directory);
  check_ids(texts, config().model.text);
  const TokenBatch tokens = pack_tokens(texts).to(implementation_->device);
  return implementation_->run([&](ClipModel network) { return network->encode_texts(tokens); });
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
