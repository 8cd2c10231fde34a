#include "text/huggingface/legacy_files.h"

#include <fmt/format.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

/// Calls `visit(number, line)` for each line, without its end.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(number, line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void require_utf8(std::string_view line, const std::string& where, size_t number) {
  if (is_utf8(line)) return;
  throw Error(ErrorKind::kCheckpoint, {.what = "is not UTF-8 text",
                                       .where = fmt::format("{}, line {}", where, number),
                                       .found = in_quotes(line)});
}

Json special_token(const Json& vocab, const char* content, bool lstrip = false) {
  return {{"id", vocab.at(content)}, {"content", content}, {"single_word", false},
          {"lstrip", lstrip},        {"rstrip", false},    {"normalized", false},
          {"special", true}};
}

/// Those of the tokens that the vocabulary has.
Json special_tokens(const Json& vocab, std::initializer_list<const char*> tokens) {
  Json list = Json::array();
  for (const char* token : tokens)
    if (vocab.contains(token))
      list.push_back(special_token(vocab, token, std::string_view(token) == "<mask>"));
  return list;
}

Json pair_of(const Json& vocab, const char* token) { return {token, vocab.at(token)}; }

Json read_merges(std::string_view text, const std::string& where) {
  Json merges = Json::array();
  for_each_line(text, [&](size_t number, std::string_view line) {
    if (line.empty() || line.starts_with("#version")) return;
    require_utf8(line, where, number);
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      throw Error(ErrorKind::kCheckpoint, {.what = "is not a merge",
                                           .where = fmt::format("{}, line {}", where, number),
                                           .expected = "two tokens with one space between them",
                                           .found = in_quotes(line)});
    }
    merges.push_back({std::string(line.substr(0, space)), std::string(line.substr(space + 1))});
  });
  return merges;
}

void make_clip(Json& json, const Json& vocab) {
  json["added_tokens"] = special_tokens(vocab, {"<|startoftext|>", "<|endoftext|>"});
  json["normalizer"] = {{"type", "Sequence"},
                        {"normalizers",
                         {{{"type", "NFC"}},
                          {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}},
                          {{"type", "Lowercase"}}}}};
  const char* words = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
  json["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers",
       {{{"type", "Split"},
         {"pattern", {{"Regex", words}}},
         {"behavior", "Removed"},
         {"invert", true}},
        {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}}}}};
  json["post_processor"] = {{"type", "RobertaProcessing"},
                            {"sep", pair_of(vocab, "<|endoftext|>")},
                            {"cls", pair_of(vocab, "<|startoftext|>")},
                            {"trim_offsets", false},
                            {"add_prefix_space", false}};
  json["model"]["end_of_word_suffix"] = "</w>";
  json["model"]["unk_token"] = "<|endoftext|>";
}

}  // namespace

Json word_piece_json(std::string_view text, const LegacyConfig& config, const std::string& where) {
  Json vocab = Json::object();
  for_each_line(text, [&](size_t number, std::string_view line) {
    require_utf8(line, where, number);
    while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
    if (vocab.contains(line)) {
      throw Error(ErrorKind::kCheckpoint, {.what = "a token appears twice",
                                           .where = fmt::format("{}, line {}", where, number),
                                           .found = in_quotes(line)});
    }
    vocab[std::string(line)] = number - 1;
  });
  for (const char* token : {"[CLS]", "[SEP]", "[UNK]"}) {
    if (vocab.contains(token)) continue;
    throw Error(ErrorKind::kCheckpoint, {.what = fmt::format("the vocabulary has no {}", token),
                                         .where = where,
                                         .expected = "a WordPiece vocabulary, a token per line"});
  }
  Json strip = nullptr;
  if (config.strip_accents) strip = *config.strip_accents;
  return {{"version", "1.0"},
          {"added_tokens", special_tokens(vocab, {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})},
          {"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", config.handle_chinese_chars},
            {"strip_accents", strip},
            {"lowercase", config.lowercase}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"post_processor",
           {{"type", "BertProcessing"},
            {"sep", pair_of(vocab, "[SEP]")},
            {"cls", pair_of(vocab, "[CLS]")}}},
          {"decoder", {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}},
          {"model",
           {{"type", "WordPiece"},
            {"unk_token", "[UNK]"},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100},
            {"vocab", vocab}}}};
}

Json byte_level_json(const Json& vocab, std::string_view merges, const LegacyConfig& config,
                     const std::string& where) {
  Json json = {
      {"version", "1.0"},
      {"added_tokens", Json::array()},
      {"pre_tokenizer",
       {{"type", "ByteLevel"},
        {"add_prefix_space", config.add_prefix_space},
        {"trim_offsets", true}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", read_merges(merges, where)}}}};
  if (vocab.contains("<|startoftext|>") && vocab.contains("<|endoftext|>")) {
    make_clip(json, vocab);
  } else if (vocab.contains("<s>") && vocab.contains("</s>")) {
    json["added_tokens"] = special_tokens(vocab, {"<s>", "<pad>", "</s>", "<unk>", "<mask>"});
    json["post_processor"] = {{"type", "RobertaProcessing"},
                              {"sep", pair_of(vocab, "</s>")},
                              {"cls", pair_of(vocab, "<s>")},
                              {"trim_offsets", true},
                              {"add_prefix_space", config.add_prefix_space}};
  } else {
    json["added_tokens"] = special_tokens(vocab, {"<|endoftext|>"});
  }
  return json;
}

}  // namespace tandem
