#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "tandem/interop/report.h"
#include "tandem/model/model_directory.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Whose model directory it is.
enum class ModelFormat {
  kTandem,       ///< config.json and model.safetensors, as save_model writes them.
  kHuggingFace,  ///< config.json and model.safetensors (or shards with an index) of transformers.
  kOpenClip,     ///< open_clip_config.json and open_clip_model.safetensors.
};

/// Returns the format called `name`: tandem, hf or open_clip. Throws kUsage for another name.
[[nodiscard]] ModelFormat parse_model_format(std::string_view name);

struct ImportOptions {
  bool allow_pickle =
      false;               ///< Read PyTorch's .bin and .pt, too, by a reader that executes nothing.
  int64_t timm_heads = 0;  ///< open_clip: heads of a timm tower whose name is not known.
  std::filesystem::path config = {};  ///< Configuration that is not beside the weights.
  /// open_clip: the model's name there (`ViT-B-32`, `ViT-L-14-quickgelu`), for weights without a
  /// configuration: all else is read off their shapes. OpenAI's own TorchScript files need neither.
  std::string model_name = {};
};

struct ImportedModel {
  ClipModel model{nullptr};  ///< fp32, on the CPU, in evaluation mode.
  ModelConfig config;
  ConversionReport report;
  TextCleaning cleaning = TextCleaning::kAsFile;  ///< What open_clip does to texts first.
};

/// Reads a model of BERT, RoBERTa, XLM-R, ViT (one tower), CLIP, SigLIP, BLIP for captioning or
/// retrieval, VisionTextDualEncoder (transformers), Salesforce's BLIP files, or open_clip's ViT
/// models. Every weight of the model comes from the file: throws
/// kCheckpoint with each missing, unexpected and misshapen tensor, for a field of the configuration
/// that is unknown or that our models cannot represent, and for a pickle without allow_pickle; and
/// kMissingInput.
[[nodiscard]] ImportedModel import_model(const std::filesystem::path& directory, ModelFormat format,
                                         const ImportOptions& options = {});

/// Writes `model` into `directory`, which must exist, as `format` has it. What is written is read
/// again, and throws kConfig when it says another architecture or other pixels than `config`:
/// nothing is exported that would give other numbers. Also throws kCannotCreate and kIo.
[[nodiscard]] ConversionReport export_model(const std::filesystem::path& directory,
                                            ModelFormat format, const ClipModel& model,
                                            const ModelConfig& config);

/// Copies the tokenizer's files of one model directory into another as they are, and returns their
/// names; an empty list is no error. Throws kCannotCreate and kIo.
std::vector<std::string> copy_tokenizer_files(const std::filesystem::path& from,
                                              const std::filesystem::path& to);

}  // namespace tandem
