#include "clip_bench/workload.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/core/device.h"
#include "tandem/core/error.h"

namespace tandem::apps {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kFirstWord = 4;  // Behind the special tokens.

// Products of a stack of blocks: four width² for attention and two MLP layers per row, and two
// products per pair of tokens that see each other.
double block_flops(const auto& tower, double rows, double token_pairs) {
  const auto width = static_cast<double>(tower.width);
  const auto mlp = static_cast<double>(tower.mlp_width > 0 ? tower.mlp_width : 4 * tower.width);
  const double per_row = 2.0 * (4.0 * width * width + 2.0 * width * mlp);
  return static_cast<double>(tower.layers) * (rows * per_row + 4.0 * token_pairs * width);
}

double projector_flops(const ModelOptions& model, int64_t width, double rows) {
  return 2.0 * rows * static_cast<double>(width * model.embed_dim);
}

std::vector<int64_t> read_lengths(const std::filesystem::path& file) {
  std::vector<int64_t> lengths;
  for (const std::string& line : read_lines(file)) {
    if (line.empty()) continue;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc{} || end != line.data() + line.size() || value < 2) {
      throw Error(ErrorKind::kData,
                  {.what = "no length of a text",
                   .where = fmt::format("{}:{}", file.string(), lengths.size() + 1),
                   .expected = "a whole number of tokens, at least 2, on each line",
                   .found = line});
    }
    lengths.push_back(value);
  }
  if (lengths.empty())
    throw Error(ErrorKind::kData, {.what = "no lengths in this file", .where = file.string()});
  return lengths;
}

}  // namespace

void add_model_choice(CLI::App& verb, ModelChoice& choice) {
  verb.add_option("--image-preset", choice.image, "Image tower by name")->capture_default_str();
  verb.add_option("--text-preset", choice.text, "Text tower by name")->capture_default_str();
  verb.add_option("--config", choice.config, "A run's configuration: its model instead of presets")
      ->type_name("FILE");
}

RunConfig chosen_config(const ModelChoice& choice) {
  RunConfig config;
  if (!choice.config.empty()) {
    config = load_run_config(choice.config);
  } else {
    config.model.embed_dim = 512;
    config.model.image = image_preset(choice.image);
    config.model.text = text_preset(choice.text);
  }
  int64_t& vocab_size = config.model.text.vocab_size;
  if (vocab_size == 0) vocab_size = std::max<int64_t>(config.tokenizer.train_vocab_size, 1000);
  return config;
}

void add_text_lengths(CLI::App& verb, TextLengths& lengths) {
  auto* tokens = verb.add_option("--text-tokens", lengths.tokens, "Tokens of every text")
                     ->check(CLI::Range(2, 4096))
                     ->capture_default_str();
  verb.add_option("--lengths", lengths.file, "Lengths of texts in tokens, one per line")
      ->type_name("FILE")
      ->excludes(tokens);
}

TokenBatch random_texts(const TextLengths& lengths, const TextEncoderOptions& model, int64_t batch,
                        int64_t first) {
  const std::vector<int64_t> known =
      lengths.file.empty() ? std::vector<int64_t>{lengths.tokens} : read_lengths(lengths.file);
  std::vector<std::vector<int32_t>> texts;
  for (int64_t i = 0; i < batch; ++i) {
    const auto place = static_cast<size_t>(first + i) % known.size();
    const int64_t length = std::min(known[place], model.context_length);
    const auto words = torch::randint(
        kFirstWord, model.vocab_size, {length - 2},
        make_generator(torch::kCPU, kSeed + static_cast<uint64_t>(first + i)), torch::kInt32);
    const int32_t* const ids = words.data_ptr<int32_t>();
    std::vector<int32_t>& text = texts.emplace_back();
    text.push_back(static_cast<int32_t>(model.bos_id));
    text.insert(text.end(), ids, ids + words.numel());
    text.push_back(static_cast<int32_t>(model.eos_id));
  }
  return pack_tokens(texts);
}

torch::Tensor random_pictures(const ImageEncoderOptions& model, int64_t batch) {
  return torch::randint(0, 256, {batch, 3, model.image_size, model.image_size},
                        make_generator(torch::kCPU, kSeed), torch::kUInt8);
}

double image_flops(const ModelOptions& model, int64_t batch) {
  const ImageEncoderOptions& image = model.image;
  const int64_t side = image.image_size / image.patch_size;
  const auto patches = static_cast<double>(side * side);
  const double tokens = patches + (image.class_token ? 1.0 : 0.0);
  const auto count = static_cast<double>(batch);
  const double embedding = 2.0 * count * patches *
                           static_cast<double>(3 * image.patch_size * image.patch_size) *
                           static_cast<double>(image.width);
  return embedding + block_flops(image, count * tokens, count * tokens * tokens) +
         projector_flops(model, image.width, count);
}

double text_flops(const ModelOptions& model, const TokenBatch& tokens) {
  const torch::Tensor lengths = tokens.cu_seqlens.diff().to(torch::kFloat64);
  return block_flops(model.text, lengths.sum().item<double>(),
                     lengths.square().sum().item<double>()) +
         projector_flops(model, model.text.width, static_cast<double>(tokens.size()));
}

double parameter_bytes(const torch::nn::Module& module) {
  size_t bytes = 0;
  for (const torch::Tensor& each : module.parameters()) bytes += each.nbytes();
  return static_cast<double>(bytes);
}

}  // namespace tandem::apps
