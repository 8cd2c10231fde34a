#include "inference/pipeline_implementation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <torch/utils.h>

#include "inference/image_batch.h"
#include "inference/model_tokenizer.h"
#include "inference/precision.h"
#include "inference/requirements.h"
#include "model/evaluation_mode.h"
#include "nn/unit_norm.h"
#include "tandem/core/log.h"
#include "tandem/model/encode_in_slices.h"
#include "tandem/nn/linear.h"

namespace tandem {
namespace {

constexpr int64_t kPackFrom = 32;  // Images or texts of one call.

}  // namespace

void Pipeline::Implementation::with_model(const std::function<void(ClipModel)>& use) const {
  // Inference tensors must not leak into a model that continues training.
  const c10::InferenceMode inference(!borrowed);
  const torch::NoGradGuard no_gradient;
  std::unique_lock lock(mutex, std::defer_lock);
  std::optional<EvaluationMode> evaluation;
  if (borrowed) {
    lock.lock();
    evaluation.emplace(model.ptr());
  }
  use(model);
}

torch::Tensor Pipeline::Implementation::run(
    const std::function<torch::Tensor(ClipModel)>& encode) const {
  torch::Tensor embeddings;  // [B, D]
  with_model([&](ClipModel network) {
    embeddings = encode(std::move(network));
    const bool rounded = embeddings.scalar_type() != torch::kFloat32;
    embeddings = embeddings.to(torch::kCPU, torch::kFloat32);
    if (!borrowed) require_finite(embeddings, directory.string());
    if (rounded && config.model.normalize_embeddings) embeddings = unit_norm(embeddings);
  });
  return embeddings;
}

void Pipeline::Implementation::prepare_for(int64_t count) const {
  if (borrowed || !device.is_cpu() || count < kPackFrom) return;
  std::call_once(packed, [&] {
    ClipModel network = model;
    pack_linears(*network);
  });
}

void Pipeline::Implementation::for_each_batch(int64_t count, const Prepare& prepare,
                                              const OnImages& use, const OnError& on_error) const {
  require_tower(config, Towers::kImage, directory);
  prepare_for(count);
  int64_t large = 0;
  for (int64_t first = 0; first < count; first += batch_size) {
    const ImageBatch batch = load_images({first, std::min(first + batch_size, count)}, prepare,
                                         config.model.image.image_size);
    large += batch.large;
    for (const auto& [row, error] : batch.errors) on_error(row, error);
    if (!batch.rows.empty()) use(batch.images.to(device), batch.rows);
  }
  if (large > 0)
    log_warn(fmt::format("{} of {} images have more than {} pixels.", large, count, kManyPixels));
}

Pipeline::Implementation::Encode Pipeline::Implementation::encode_images(int64_t count,
                                                                         Prepare prepare) const {
  return [this, count, prepare = std::move(prepare)](torch::Tensor& out, const OnError& on_error) {
    const auto use = [&](const torch::Tensor& images, const std::vector<int64_t>& rows) {
      const torch::Tensor embeddings =
          run([&](ClipModel network) { return encode_images_in_slices(network, images); });
      out.index_copy_(0, torch::tensor(rows, torch::kInt64), embeddings);
    };
    for_each_batch(count, prepare, use, on_error);
  };
}

Pipeline::Implementation::Encode Pipeline::Implementation::encode_texts(
    int64_t count, std::function<std::vector<int32_t>(int64_t)> ids_of) const {
  return [this, count, ids_of = std::move(ids_of)](torch::Tensor& out, const OnError& on_error) {
    require_tower(config, Towers::kText, directory);
    prepare_for(count);
    for (int64_t first = 0; first < count; first += batch_size) {
      std::vector<std::vector<int32_t>> ids;
      std::vector<int64_t> rows;
      for (int64_t i = first; i < std::min(first + batch_size, count); ++i) {
        try {
          ids.push_back(ids_of(i));
          rows.push_back(i);
        } catch (const Error& error) {
          on_error(i, error);
        }
      }
      if (rows.empty()) continue;
      const TokenBatch tokens = pack_tokens(ids).to(device);
      const torch::Tensor embeddings =
          run([&](ClipModel network) { return encode_texts_in_slices(network, tokens); });
      out.index_copy_(0, torch::tensor(rows, torch::kInt64), embeddings);
    }
  };
}

Pipeline::Implementation::Encode Pipeline::Implementation::encode_texts(
    const std::vector<std::string>& texts) const {
  return [this, &texts](torch::Tensor& out, const OnError& on_error) {
    require_tower(config, Towers::kText, directory);
    if (tokenizer == nullptr) throw_no_tokenizer(directory);
    const int64_t context_length = config.model.text.context_length;
    int64_t truncated = 0;
    const auto ids_of = [&](int64_t i) {
      Encoding encoding = tokenizer->encode(texts[static_cast<size_t>(i)], context_length);
      truncated += encoding.truncated ? 1 : 0;
      return std::move(encoding.ids);
    };
    encode_texts(static_cast<int64_t>(texts.size()), ids_of)(out, on_error);
    if (truncated > 0)
      log_warn(fmt::format("{} of {} texts were cut to {} tokens.", truncated, texts.size(),
                           context_length));
  };
}

torch::Tensor Pipeline::Implementation::all(size_t count, const char* what,
                                            const Encode& encode) const {
  require_any(count, what);
  torch::Tensor embeddings = torch::zeros({static_cast<int64_t>(count), config.model.embed_dim});
  encode(embeddings, [](int64_t, const Error& error) { throw error; });
  return embeddings;
}

PartialEmbeddings Pipeline::Implementation::what_can(size_t count, const char* what,
                                                     const Encode& encode) const {
  require_any(count, what);
  PartialEmbeddings result{
      .embeddings = torch::zeros({static_cast<int64_t>(count), config.model.embed_dim}),
      .errors = {}};
  result.errors.resize(count);
  encode(result.embeddings,
         [&](int64_t row, const Error& error) { result.errors[static_cast<size_t>(row)] = error; });
  return result;
}

}  // namespace tandem
