#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace tandem {

/// What tokenizer_config.json says about files that are older than tokenizer.json.
struct LegacyConfig {
  bool lowercase = true;                   ///< do_lower_case; BERT's default.
  std::optional<bool> strip_accents = {};  ///< Follows lowercase when unset.
  bool handle_chinese_chars = true;        ///< tokenize_chinese_chars.
  bool add_prefix_space = false;
};

/// Returns the tokenizer.json that a WordPiece `vocab.txt`, a token per line, stands for: BERT's.
/// `where` names the file. Throws kCheckpoint.
[[nodiscard]] nlohmann::json word_piece_json(std::string_view vocab, const LegacyConfig& config,
                                             const std::string& where);

/// Returns the tokenizer.json that a byte-level `vocab.json` and `merges.txt` stand for: CLIP's
/// when the vocabulary has <|startoftext|>, RoBERTa's when it has <s> and </s>, else GPT-2's.
/// `where` names the merges. Throws kCheckpoint.
[[nodiscard]] nlohmann::json byte_level_json(const nlohmann::json& vocab, std::string_view merges,
                                             const LegacyConfig& config, const std::string& where);

}  // namespace tandem
