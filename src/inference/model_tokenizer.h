#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "tandem/config/load.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns the tokenizer that a model directory carries: `tokenizer.model`, or one of Hugging
/// Face's files; null where the model has no text tower. Throws as Tokenizer::load, and kCheckpoint
/// when the model's vocabulary is another one, or when the model looks for an end of text that the
/// tokenizer never gives.
[[nodiscard]] std::shared_ptr<const Tokenizer> load_model_tokenizer(
    const std::filesystem::path& directory, const ModelConfig& config);

/// Throws kUsage for a text without ids or with more than the context, and for an id outside of the
/// model's vocabulary.
void check_ids(const std::vector<std::vector<int32_t>>& texts, const TextEncoderOptions& options);

/// Throws kUsage: the model of `directory` (empty for one in training) came without a tokenizer.
[[noreturn]] void throw_no_tokenizer(const std::filesystem::path& directory);

}  // namespace tandem
