#include "tandem/model/golden_sample.h"

#include <algorithm>

#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/io/safetensors.h"

namespace tandem {
namespace {

constexpr const char* kFileName = "golden.safetensors";
constexpr uint64_t kImageSeed = 1;
constexpr uint64_t kTextSeed = 2;
constexpr int64_t kDrawnTokens = 6;

// Smooth slopes with noise on top: it moves every patch, and no two channels alike.
torch::Tensor golden_image(int64_t size) {
  torch::Tensor pixels = torch::empty({1, 3, size, size}, torch::kUInt8);
  auto* out = pixels.data_ptr<uint8_t>();
  Random random(kImageSeed);
  for (int64_t channel = 0; channel < 3; ++channel) {
    for (int64_t y = 0; y < size; ++y) {
      for (int64_t x = 0; x < size; ++x) {
        const int64_t slope = (channel == 0 ? x : channel == 1 ? y : x + y) * 160 / (2 * size);
        *out++ = static_cast<uint8_t>(slope + static_cast<int64_t>(random.below(90)));
      }
    }
  }
  return pixels;
}

std::vector<int32_t> drawn_ids(const TextEncoderOptions& text) {
  const auto frame = [&](int64_t id) {
    return static_cast<int32_t>(std::clamp<int64_t>(id, 0, text.vocab_size - 1));
  };
  Random random(kTextSeed);
  std::vector<int32_t> ids = {frame(text.bos_id)};
  const int64_t count = std::min(kDrawnTokens, text.context_length - 2);
  for (int64_t i = 0; i < count; ++i) {
    int64_t id = text.eos_id;
    // A vocabulary of its special tokens alone has nothing else to offer.
    for (int tries = 0; tries < 64 && (id == text.eos_id || id == text.pad_id); ++tries)
      id = static_cast<int64_t>(random.below(static_cast<uint64_t>(text.vocab_size)));
    ids.push_back(frame(id));
  }
  ids.push_back(frame(text.eos_id));
  return ids;
}

double relative_difference(const torch::Tensor& ours, const torch::Tensor& reference) {
  const double scale = reference.abs().max().item<double>();
  const double difference = (ours - reference).abs().max().item<double>();
  // A NaN must not pass for small.
  if (!(difference >= 0.0)) return std::numeric_limits<double>::infinity();
  return scale > 0.0 ? difference / scale : difference;
}

torch::Tensor embed_image(ClipModel model, const torch::Tensor& pixels) {
  return model->encode_images(pixels.to(model->logit_scale().device())).to(torch::kCPU);
}

torch::Tensor embed_text(ClipModel model, const std::vector<int32_t>& ids) {
  return model->encode_texts(pack_tokens({ids}).to(model->logit_scale().device())).to(torch::kCPU);
}

void check_fit(const ModelOptions& options, const GoldenSample& sample, bool image, bool text) {
  const int64_t side = options.image.image_size;
  bool fits = !image || (sample.pixels.defined() && sample.image_embedding.defined() &&
                         sample.pixels.sizes() == torch::IntArrayRef({1, 3, side, side}) &&
                         sample.image_embedding.numel() == options.embed_dim);
  const auto valid = [&](int32_t id) { return id >= 0 && id < options.text.vocab_size; };
  fits = fits &&
         (!text || (sample.text_embedding.defined() && !sample.text.ids.empty() &&
                    std::ranges::all_of(sample.text.ids, valid) &&
                    static_cast<int64_t>(sample.text.ids.size()) <= options.text.context_length &&
                    sample.text_embedding.numel() == options.embed_dim));
  if (!fits) {
    throw Error(ErrorKind::kCheckpoint,
                {.what = "the golden sample belongs to another model",
                 .where = kFileName,
                 .hint = "copy the file that was written with the weights"});
  }
}

}  // namespace

GoldenSample make_golden_sample(ClipModel model, GoldenText text) {
  const torch::NoGradGuard no_grad;
  GoldenSample sample;
  if (model->image) {
    sample.pixels = golden_image(model->options().image.image_size);
    sample.image_embedding = embed_image(model, sample.pixels);
  }
  if (model->text) {
    sample.text = std::move(text);
    if (sample.text.ids.empty()) sample.text.ids = drawn_ids(model->options().text);
    sample.text_embedding = embed_text(model, sample.text.ids);
  }
  return sample;
}

void save_golden_sample(const std::filesystem::path& directory, const GoldenSample& sample) {
  TensorMap tensors;
  if (sample.pixels.defined()) {
    tensors.emplace("pixels", sample.pixels);
    tensors.emplace("image_embedding", sample.image_embedding);
  }
  if (sample.text_embedding.defined()) {
    tensors.emplace("ids", torch::tensor(sample.text.ids, torch::kInt32).to(torch::kInt64));
    tensors.emplace("text_embedding", sample.text_embedding);
  }
  save_safetensors(directory / kFileName, tensors, {{"text", sample.text.text}});
}

std::optional<GoldenSample> load_golden_sample(const std::filesystem::path& directory) {
  const auto file = directory / kFileName;
  if (!std::filesystem::exists(file)) return std::nullopt;
  const SafetensorsFile content = load_safetensors(file);
  const auto get = [&](const char* name, torch::ScalarType dtype) -> torch::Tensor {
    const auto found = content.tensors.find(name);
    if (found == content.tensors.end()) return {};
    if (found->second.scalar_type() == dtype) return found->second;
    throw Error(
        ErrorKind::kCheckpoint,
        {.what = std::string("tensor ") + name + " has another type", .where = file.string()});
  };
  GoldenSample sample{.text = {},
                      .pixels = get("pixels", torch::kUInt8),
                      .image_embedding = get("image_embedding", torch::kFloat32),
                      .text_embedding = get("text_embedding", torch::kFloat32)};
  const torch::Tensor ids = get("ids", torch::kInt64);
  if (ids.defined()) {
    const torch::Tensor narrow = ids.flatten().to(torch::kInt32).contiguous();
    const auto* first = narrow.const_data_ptr<int32_t>();
    sample.text.ids.assign(first, first + narrow.numel());
  }
  const auto text = content.metadata.find("text");
  if (text != content.metadata.end()) sample.text.text = text->second;
  return sample;
}

GoldenDifference golden_difference(ClipModel model, const GoldenSample& sample) {
  const torch::NoGradGuard no_grad;
  const bool image = static_cast<bool>(model->image), text = static_cast<bool>(model->text);
  check_fit(model->options(), sample, image, text);
  GoldenDifference result;
  if (image) {
    result.image = relative_difference(embed_image(model, sample.pixels).flatten(),
                                       sample.image_embedding.flatten());
  }
  if (text) {
    result.text = relative_difference(embed_text(model, sample.text.ids).flatten(),
                                      sample.text_embedding.flatten());
  }
  return result;
}

double golden_tolerance(torch::ScalarType dtype) { return dtype == torch::kFloat32 ? 1e-4 : 5e-2; }

}  // namespace tandem
