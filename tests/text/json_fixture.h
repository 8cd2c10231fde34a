#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "tandem/text/tokenizer.h"

namespace tandem {

/// A byte-level tokenizer of few tokens: h e l o w r d Ġ and what `merges` make of them.
inline nlohmann::json small_bpe() {
  return nlohmann::json::parse(R"({
    "version": "1.0",
    "added_tokens": [
      {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
      {"id": 1, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
    "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": false},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"<s>": 0, "</s>": 1, "h": 2, "e": 3, "l": 4, "o": 5, "w": 6, "r": 7, "d": 8, "\u0120": 9,
              "he": 10, "ll": 11, "hell": 12, "hello": 13, "\u0120w": 14, "or": 15},
              "merges": ["h e", "l l", "he ll", "hell o", "\u0120 w", "o r"]}})");
}

/// A BERT-like tokenizer of few tokens.
inline nlohmann::json small_word_piece() {
  return nlohmann::json::parse(R"({
    "version": "1.0",
    "added_tokens": [
      {"id": 2, "content": "[CLS]", "normalized": false, "special": true},
      {"id": 3, "content": "[SEP]", "normalized": false, "special": true}],
    "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
    "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10,
              "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "cafe": 4, "un": 5, "##aff": 6, "##able": 7, ",": 8, "a": 9}}})");
}

inline Tokenizer parse_json(const nlohmann::json& json) {
  return Tokenizer::parse(json.dump(), "t/tokenizer.json");
}

inline std::vector<int32_t> json_ids(const nlohmann::json& json, const std::string& text,
                                     int64_t context_length = 77) {
  return parse_json(json).encode(text, context_length).ids;
}

}  // namespace tandem
