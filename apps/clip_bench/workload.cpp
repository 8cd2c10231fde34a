#include "clip_bench/workload.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <torch/types.h>

#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/device.h"
#include "tandem/core/error.h"

namespace tandem::apps {
namespace {

constexpr uint64_t kSeed = 1;
constexpr int64_t kFirstWord = 4;  // Behind the special tokens.

struct Rows {
  double all = 0;          // What enters a block.
  double pooled = 0;       // What the pool reads of the last one.
  double token_pairs = 0;  // Tokens that see each other.
};

// Products of a stack of blocks: per row three width² before attention, one and the two MLP layers
// behind it, and two products per pair of tokens.
double block_flops(const auto& tower, const Rows& rows) {
  const auto width = static_cast<double>(tower.width), layers = static_cast<double>(tower.layers);
  const auto mlp = static_cast<double>(hidden_width(tower));
  const double before = 3.0 * width * width * layers * rows.all;
  const double behind =
      (width * width + 2.0 * width * mlp) * ((layers - 1.0) * rows.all + rows.pooled);
  return 2.0 * (before + behind) + 4.0 * layers * rows.token_pairs * width;
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

torch::Tensor random_images(const ImageEncoderOptions& model, int64_t batch) {
  return torch::randint(0, 256, {batch, 3, model.image_size, model.image_size},
                        make_generator(torch::kCPU, kSeed), torch::kUInt8);
}

double image_flops(const ModelOptions& model, int64_t batch) {
  const ImageEncoderOptions& image = model.image;
  const auto tokens = static_cast<double>(image_tokens(image));
  const double patches = tokens - (image.class_token ? 1.0 : 0.0);
  const auto count = static_cast<double>(batch);
  const double embedding = 2.0 * count * patches *
                           static_cast<double>(3 * image.patch_size * image.patch_size) *
                           static_cast<double>(image.width);
  return embedding +
         block_flops(image, {.all = count * tokens,
                             .pooled = reads_every_token(image.pool) ? count * tokens : count,
                             .token_pairs = count * tokens * tokens}) +
         projector_flops(model, image.width, count);
}

double text_flops(const ModelOptions& model, const TokenBatch& tokens) {
  const torch::Tensor lengths = tokens.cu_seqlens.diff().to(torch::kFloat64);
  const double all = lengths.sum().item<double>(), count = static_cast<double>(tokens.size());
  return block_flops(model.text, {.all = all,
                                  .pooled = reads_every_token(model.text.pool) ? all : count,
                                  .token_pairs = lengths.square().sum().item<double>()}) +
         projector_flops(model, model.text.width, count);
}

double parameter_bytes(const torch::nn::Module& module) {
  size_t bytes = 0;
  for (const torch::Tensor& each : module.parameters()) bytes += each.nbytes();
  return static_cast<double>(bytes);
}

}  // namespace tandem::apps
