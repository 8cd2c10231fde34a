#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <torch/types.h>

#include "clip_bench/measure.h"
#include "tandem/config/run_config.h"
#include "tandem/core/token_batch.h"
#include "tandem/model/clip_model.h"

namespace tandem::apps {

/// A model with random weights, by the names of its towers' presets or from a run's configuration.
struct ModelChoice {
  std::string image = "vit_b_32";
  std::string text = "clip_text_b";
  std::string config;
};
void add_model_choice(CLI::App& verb, ModelChoice& choice);
/// Returns the configuration that `choice` names, with a vocabulary size in any case. Throws
/// kConfig for unknown names.
[[nodiscard]] RunConfig chosen_config(const ModelChoice& choice);

/// Lengths of texts in tokens, special tokens included: those of a file (one number per line), else
/// `tokens` for each text.
struct TextLengths {
  int64_t tokens = 32;
  std::filesystem::path file;
};
void add_text_lengths(CLI::App& verb, TextLengths& lengths);

/// Returns `batch` random texts of these lengths, the file's taken in turn and cut to the model's
/// context, from text `first` on.
[[nodiscard]] TokenBatch random_texts(const TextLengths& lengths, const TextEncoderOptions& model,
                                      int64_t batch, int64_t first = 0);
/// Returns uint8 images [batch, 3, S, S] of noise.
[[nodiscard]] torch::Tensor random_images(const ImageEncoderOptions& model, int64_t batch);

/// Matrix products that one forward pass does, two operations per multiply-add: behind the last
/// block's attention only for the rows that the pool reads.
[[nodiscard]] double image_flops(const ModelOptions& model, int64_t batch);
[[nodiscard]] double text_flops(const ModelOptions& model, const TokenBatch& tokens);
/// Bytes of a module's parameters.
[[nodiscard]] double parameter_bytes(const torch::nn::Module& module);

}  // namespace tandem::apps
