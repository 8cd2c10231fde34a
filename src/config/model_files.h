#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>

namespace tandem {

/// Tokenizers of other libraries in a model directory: one of these files is there.
inline constexpr std::array kForeignTokenizerFiles = {"tokenizer.json", "vocab.json", "vocab.txt",
                                                      "sentencepiece.bpe.model", "spiece.model"};

/// Returns what Tokenizer::load reads the tokenizer of a model directory from: its tokenizer.model,
/// or else the directory, where it holds one of kForeignTokenizerFiles. Nothing without a
/// tokenizer.
[[nodiscard]] std::optional<std::filesystem::path> find_model_tokenizer(
    const std::filesystem::path& directory);

/// Returns the safetensors file that `place` means: the file itself, that of a model directory or a
/// checkpoint, of the checkpoint that a file `latest` names, or of a run: its model or, where there
/// is none yet, its latest checkpoint. Nothing where there are no weights, or where the file
/// `latest` does not name a checkpoint beside it.
[[nodiscard]] std::optional<std::filesystem::path> find_weights(const std::filesystem::path& place);

/// Whether `path` is a file `latest`, and the name in it.
[[nodiscard]] bool is_latest_file(const std::filesystem::path& path);
[[nodiscard]] std::string read_latest(const std::filesystem::path& path);

}  // namespace tandem
