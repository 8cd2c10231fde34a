#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tandem/config/load.h"
#include "tandem/interop/convert.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

struct TokenizerExportOptions {
  ModelFormat format = ModelFormat::kHuggingFace;  ///< kHuggingFace or kOpenClip.
  ModelConfig config = {};  ///< Of the model: its padding id, its context length, `lowercase`.
  TextCleaning cleaning = TextCleaning::kAsFile;  ///< ImportedModel::cleaning.
};

/// What became of a tokenizer.
struct ExportedTokenizer {
  std::vector<std::string> files = {};  ///< Names of what was written; empty without a tokenizer.
  std::vector<std::string> notes = {};  ///< What the other program does otherwise, as sentences.
};

/// Writes the tokenizer of the model directory `from` into `to`, so that AutoTokenizer or
/// open_clip.get_tokenizer gives the same ids, padding id and length: tokenizer.json,
/// tokenizer_config.json and special_tokens_map.json. open_clip is told in its
/// open_clip_config.json, which export_model has written, to use them, unless they are CLIP's own,
/// and how to clean texts; it has no way to leave texts as they are. Throws kCheckpoint for files
/// that are no tokenizer, kConfig for one that cannot be written, kCannotCreate and kIo.
[[nodiscard]] ExportedTokenizer export_tokenizer(const std::filesystem::path& from,
                                                 const std::filesystem::path& to,
                                                 const TokenizerExportOptions& options);

/// Sample texts through two tokenizers.
struct TokenizerDifference {
  int64_t texts = 0;       ///< How many were tried; 0 where there are no two tokenizers.
  int64_t differing = 0;   ///< How many of them have other ids.
  std::string first = {};  ///< The first of these.
};

/// Compares the tokenizer of `from` with the one that export_tokenizer has put into `written`, on
/// texts that no program cleans. Throws as Tokenizer::load.
[[nodiscard]] TokenizerDifference compare_tokenizers(const std::filesystem::path& from,
                                                     const std::filesystem::path& written,
                                                     const TokenizerExportOptions& options);

}  // namespace tandem
