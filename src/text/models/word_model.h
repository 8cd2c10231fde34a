#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/models/flat_map.h"
#include "text/steps/byte_trie.h"

namespace tandem {

/// The step from a word to ids. Immutable, so threads may share it. Words are valid UTF-8.
class WordModel {
 public:
  virtual ~WordModel() = default;
  /// Appends the ids of a non-empty word. Throws kData for a word that has none (a vocabulary
  /// without an unknown token).
  virtual void encode(std::string_view word, std::vector<int32_t>& ids) const = 0;

  [[nodiscard]] const std::vector<std::string>& tokens() const { return tokens_; }
  [[nodiscard]] int32_t id_of(std::string_view token) const { return ids_.find(token); }
  [[nodiscard]] int32_t unk_id() const { return unk_id_; }
  /// How many tokens the vocabulary has, holes not counted.
  [[nodiscard]] size_t size() const { return ids_.size(); }

 protected:
  /// `tokens[id]` is a token's text; an empty one is a hole.
  explicit WordModel(std::vector<std::string> tokens);

  std::vector<std::string> tokens_;
  StringMap ids_;
  int32_t unk_id_ = -1;
};

struct BpeOptions {
  std::vector<std::pair<std::string, std::string>> merges = {};  ///< In order of rank.
  std::optional<std::string> unk_token = {};
  std::string continuing_subword_prefix = {};
  std::string end_of_word_suffix = {};
  bool fuse_unk = false;
  bool byte_fallback = false;  ///< A character without a token becomes tokens <0x00> to <0xFF>.
  bool ignore_merges = false;  ///< A word that is a token as a whole needs no merges.
};

/// Byte-pair encoding (Sennrich et al., arXiv:1508.07909).
class BpeModel final : public WordModel {
 public:
  /// Throws kCheckpoint, with `where`, when a merge names an unknown token.
  BpeModel(std::vector<std::string> tokens, const BpeOptions& options, const std::string& where);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  void append_symbols(std::string_view word, std::vector<int32_t>& symbols) const;
  [[nodiscard]] bool append_bytes(std::string_view piece, std::vector<int32_t>& symbols) const;
  void merge_short(std::vector<int32_t>& symbols) const;
  void merge_long(std::vector<int32_t>& symbols) const;

  MergeMap merges_;
  std::string prefix_;
  std::string suffix_;
  std::vector<int32_t> byte_ids_;  ///< Of <0x00> to <0xFF>; empty without byte_fallback.
  bool fuse_unk_ = false;
  bool ignore_merges_ = false;
};

struct WordPieceOptions {
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";
  uint64_t max_input_chars_per_word = 100;
};

/// Longest piece first (Schuster and Nakajima 2012), BERT's.
class WordPieceModel final : public WordModel {
 public:
  WordPieceModel(std::vector<std::string> tokens, const WordPieceOptions& options,
                 const std::string& where);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  ByteTrie first_;      ///< Pieces that begin a word.
  ByteTrie following_;  ///< Pieces inside a word, without their prefix.
  uint64_t max_characters_;
};

struct UnigramOptions {
  std::vector<double> scores = {};  ///< One for each token.
  int32_t unk_id = -1;
  bool byte_fallback = false;
};

/// The likeliest path of pieces (Kudo, arXiv:1804.10959).
class UnigramModel final : public WordModel {
 public:
  UnigramModel(std::vector<std::string> tokens, UnigramOptions options, const std::string& where);
  void encode(std::string_view word, std::vector<int32_t>& ids) const override;

 private:
  void append_unknown(std::string_view piece, std::vector<int32_t>& ids) const;

  ByteTrie pieces_;
  std::vector<double> scores_;
  double unk_score_ = 0;
  std::vector<int32_t> byte_ids_;
};

/// Returns the ids of <0x00> to <0xFF>; -1 for those that are missing.
[[nodiscard]] std::vector<int32_t> byte_token_ids(const StringMap& ids);

}  // namespace tandem
