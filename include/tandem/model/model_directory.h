#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tandem/config/load.h"
#include "tandem/io/safetensors.h"
#include "tandem/model/clip_model.h"
#include "tandem/model/golden_sample.h"

namespace tandem {

/// Returns every parameter by its checkpoint name (the module path:
/// `text.layers.0.attention.qkv.weight`, `logit_scale`, …).
[[nodiscard]] TensorMap named_weights(const torch::nn::Module& model);

/// Returns the names of the weights that hold NaN or infinity, none for a sound model. Reads all of
/// them, which loading a model does not.
[[nodiscard]] std::vector<std::string> weights_not_finite(const ClipModel& model);

/// Copies `weights` into the model, converting dtype and device. Strict: throws kCheckpoint with a
/// table of every missing, unexpected and misshapen tensor; `where` names the file in it.
void load_weights(torch::nn::Module& model, const TensorMap& weights, const std::string& where);

/// Writes `model.safetensors` (fp32), `config.json`, `README.md` (a model card with YAML front
/// matter) and `golden.safetensors` (golden_sample.h) into `directory`, which must exist. The
/// golden sample is made by the model as it is read back from these files, in fp32 on the CPU.
/// `tokenizer.model` is written by who owns the tokenizer. Throws kCannotCreate and kIo.
void save_model(const std::filesystem::path& directory, const ClipModel& model,
                const ModelConfig& config, GoldenText golden = {});

/// Reads `config.json` and maps `model.safetensors`: a weight is read when it is first used. Throws
/// kMissingInput (also for a run's folder or a checkpoint, naming the run's model, and for a model
/// of another library, with the command that converts it), kIo, kConfig
/// for a `config.json` that parse_model_config or ClipModel refuses, and kCheckpoint.
struct LoadedModel {
  ClipModel model{nullptr};
  ModelConfig config;
};
[[nodiscard]] LoadedModel load_model(const std::filesystem::path& directory);

/// Whether a model directory's file of that name is written with the model, and goes when another
/// model takes its place.
[[nodiscard]] bool is_model_file(std::string_view name);

}  // namespace tandem
