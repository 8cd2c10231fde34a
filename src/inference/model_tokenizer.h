#pragma once

#include <filesystem>
#include <memory>

#include "tandem/config/load.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns the tokenizer that a model directory carries: `tokenizer.model`, or one of Hugging
/// Face's files; null where the model has no text tower. Throws as Tokenizer::load, and kCheckpoint
/// when the model's vocabulary is another one.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_model_tokenizer(
    const std::filesystem::path& directory, const ModelConfig& config);

/// Throws kUsage: the model of `directory` (empty for one in training) came without a tokenizer.
[[noreturn]] void throw_no_tokenizer(const std::filesystem::path& directory);

}  // namespace tandem
