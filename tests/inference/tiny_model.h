#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tandem/config/load.h"
#include "tandem/core/files.h"
#include "tandem/core/random.h"
#include "tandem/image/image.h"
#include "tandem/model/model_directory.h"
#include "tandem/text/tokenizer.h"

namespace tandem::test {

inline std::vector<std::string> tiny_captions() {
  return {"a photo of a red circle",   "a photo of a blue square",
          "a small green triangle",    "the big yellow star",
          "one red square on white",   "a blue circle on black",
          "a picture of a green star", "two words",
          "a photo of a cat and a dog"};
}

inline std::shared_ptr<const Tokenizer> tiny_tokenizer() {
  static const auto tokenizer = [] {
    TokenizerOptions options;
    options.train_vocab_size = 60;
    return std::make_shared<const Tokenizer>(train_tokenizer(tiny_captions(), options));
  }();
  return tokenizer;
}

inline ModelConfig tiny_config() {
  ModelConfig config;
  config.model.embed_dim = 16;
  config.model.text.vocab_size = tiny_tokenizer()->vocab_size();
  config.model.text.context_length = 16;
  config.model.text.width = 16;
  config.model.text.layers = 1;
  config.model.text.heads = 2;
  config.model.image.image_size = 16;
  config.model.image.patch_size = 8;
  config.model.image.width = 16;
  config.model.image.layers = 1;
  config.model.image.heads = 2;
  return config;
}

/// Writes a whole model directory.
inline void write_tiny_model(const std::filesystem::path& directory, uint64_t seed = 1) {
  std::filesystem::create_directories(directory);
  const ModelConfig config = tiny_config();
  const std::string text = "a photo of a circle";
  save_model(
      directory, ClipModel(config.model, seed), config,
      {.text = text, .ids = tiny_tokenizer()->encode(text, config.model.text.context_length).ids});
  tiny_tokenizer()->save(directory / "tokenizer.model");
}

/// A picture of random pixels.
inline Image noise_image(int64_t width, int64_t height, uint64_t seed) {
  Image image(width, height);
  Random random(seed);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  return image;
}

/// Writes an uncompressed 24-bit BMP, which holds the pixels exactly.
inline void write_bmp(const std::filesystem::path& path, const Image& image) {
  const int64_t stride = (image.width * 3 + 3) / 4 * 4;
  const int64_t body = stride * image.height;
  std::string bytes(static_cast<size_t>(54 + body), '\0');
  const auto put = [&](size_t at, int64_t value, int count) {
    for (int i = 0; i < count; ++i)
      bytes[at + static_cast<size_t>(i)] = static_cast<char>(value >> (8 * i) & 255);
  };
  bytes[0] = 'B';
  bytes[1] = 'M';
  put(2, 54 + body, 4);
  put(10, 54, 4);
  put(14, 40, 4);
  put(18, image.width, 4);
  put(22, image.height, 4);
  put(26, 1, 2);
  put(28, 24, 2);
  put(34, body, 4);
  for (int64_t y = 0; y < image.height; ++y) {
    const uint8_t* row = image.row(image.height - 1 - y);
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        bytes[static_cast<size_t>(54 + y * stride + 3 * x + c)] =
            static_cast<char>(row[3 * x + 2 - c]);
  }
  write_file_atomically(path, bytes);
}

}  // namespace tandem::test
