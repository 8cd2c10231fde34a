#include "text/models/json_model.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace tandem {
namespace {

constexpr int64_t kMostTokens = 4'000'000;
constexpr size_t kLongestToken = 4096;
constexpr size_t kMostAddedTokens = 100'000;

const std::string& check_length(const JsonView& json, const std::string& token) {
  if (token.size() > kLongestToken)
    json.reject("holds a token that is too long", fmt::format("at most {} bytes", kLongestToken));
  return token;
}

/// `{"token": id, …}` as tokens by id. Holes are allowed, as the reference allows them.
std::vector<std::string> read_vocabulary(const JsonView& json) {
  const nlohmann::json& value = json.value();
  if (!value.is_object() || value.empty())
    json.reject("is not a vocabulary", "tokens with their ids");
  std::vector<std::string> tokens;
  std::vector<bool> used;
  for (const auto& [token, id] : value.items()) {
    const JsonView place(id, json.path() + ".\"" + token + "\"");
    const auto at = static_cast<size_t>(place.integer(0, kMostTokens - 1));
    if (at >= tokens.size()) {
      tokens.resize(at + 1);
      used.resize(at + 1);
    }
    if (used[at]) place.reject("is the id of two tokens", "an id for each");
    used[at] = true;
    tokens[at] = check_length(place, token);
  }
  return tokens;
}

std::pair<std::string, std::string> read_merge(const JsonView& json) {
  if (json.value().is_array()) {
    const std::vector<JsonView> sides = json.elements();
    if (sides.size() != 2) json.reject("is not a merge", "two tokens");
    return {sides[0].string(), sides[1].string()};
  }
  const std::string& text = json.string();
  const size_t space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos)
    json.reject("is not a merge", "two tokens with one space between them");
  return {text.substr(0, space), text.substr(space + 1)};
}

std::unique_ptr<WordModel> read_bpe(const JsonView& json, const std::string& where) {
  if (json.has("dropout") && json.at("dropout").number() != 0.0)
    json.at("dropout").reject("BPE dropout is not supported", "null or 0");
  BpeOptions options;
  const std::vector<JsonView> merges = json.at("merges").elements();
  if (merges.size() > static_cast<size_t>(kMostTokens))
    json.at("merges").reject("has too many", fmt::format("at most {}", kMostTokens));
  options.merges.reserve(merges.size());
  for (const JsonView& merge : merges) {
    // Old files keep the first line of merges.txt.
    if (merge.value().is_string() && merge.string().starts_with("#version")) continue;
    options.merges.push_back(read_merge(merge));
  }
  if (json.has("unk_token")) options.unk_token = json.at("unk_token").string();
  options.continuing_subword_prefix = json.string_or("continuing_subword_prefix", "");
  options.end_of_word_suffix = json.string_or("end_of_word_suffix", "");
  options.fuse_unk = json.boolean_or("fuse_unk", false);
  options.byte_fallback = json.boolean_or("byte_fallback", false);
  options.ignore_merges = json.boolean_or("ignore_merges", false);
  return std::make_unique<BpeModel>(read_vocabulary(json.at("vocab")), options, where);
}

std::unique_ptr<WordModel> read_word_piece(const JsonView& json, const std::string& where) {
  WordPieceOptions options;
  options.unk_token = json.string_or("unk_token", options.unk_token);
  options.continuing_subword_prefix =
      json.string_or("continuing_subword_prefix", options.continuing_subword_prefix);
  if (json.has("max_input_chars_per_word"))
    options.max_input_chars_per_word =
        static_cast<uint64_t>(json.at("max_input_chars_per_word").integer(1, 1 << 20));
  return std::make_unique<WordPieceModel>(read_vocabulary(json.at("vocab")), options, where);
}

std::unique_ptr<WordModel> read_unigram(const JsonView& json, const std::string& where) {
  UnigramOptions options;
  std::vector<std::string> tokens;
  const nlohmann::json& vocab = json.at("vocab").value();
  if (!vocab.is_array() || vocab.empty() || vocab.size() > static_cast<size_t>(kMostTokens)) {
    json.at("vocab").reject("is not a vocabulary",
                            fmt::format("a list of 1 to {} tokens with scores", kMostTokens));
  }
  for (size_t id = 0; id < vocab.size(); ++id) {
    const JsonView entry(vocab[id], fmt::format("{}.vocab[{}]", json.path(), id));
    const std::vector<JsonView> parts = entry.elements();
    if (parts.size() != 2) entry.reject("is not a token with a score", "[token, score]");
    tokens.push_back(check_length(entry, parts[0].string()));
    options.scores.push_back(parts[1].number());
  }
  if (json.has("unk_id"))
    options.unk_id = static_cast<int32_t>(json.at("unk_id").integer(0, kMostTokens));
  options.byte_fallback = json.boolean_or("byte_fallback", false);
  return std::make_unique<UnigramModel>(std::move(tokens), std::move(options), where);
}

}  // namespace

std::unique_ptr<WordModel> read_word_model(const JsonView& json, const std::string& where) {
  // Files of early versions do not say the kind.
  std::string type = json.string_or("type", "");
  if (type.empty() && json.has("merges")) type = "BPE";
  if (type.empty() && json.has("vocab"))
    type = json.at("vocab").value().is_array() ? "Unigram" : "WordPiece";
  if (type == "BPE") return read_bpe(json, where);
  if (type == "WordPiece") return read_word_piece(json, where);
  if (type == "Unigram") return read_unigram(json, where);
  json.at("type").reject("unknown model type", "BPE, Unigram or WordPiece");
}

std::vector<AddedToken> read_added_tokens(const JsonView& json, const WordModel& model) {
  std::vector<AddedToken> tokens;
  std::map<std::string, size_t> known;
  // The reference counts tokens, not ids: the two differ when the vocabulary has holes.
  auto next = static_cast<int64_t>(model.size());
  const std::vector<JsonView> entries = json.elements();
  if (entries.size() > kMostAddedTokens)
    json.reject("has too many tokens", fmt::format("at most {}", kMostAddedTokens));
  for (const JsonView& entry : entries) {
    AddedToken token;
    token.content = check_length(entry, entry.at("content").string());
    token.single_word = entry.boolean_or("single_word", false);
    token.lstrip = entry.boolean_or("lstrip", false);
    token.rstrip = entry.boolean_or("rstrip", false);
    token.normalized = entry.boolean_or("normalized", true);
    token.special = entry.boolean_or("special", false);
    const int64_t said = entry.at("id").integer(0, kMostTokens - 1);
    if (token.content.empty()) continue;
    const auto twin = known.find(token.content);
    const int32_t of_model = model.id_of(token.content);
    int64_t id = of_model >= 0 ? of_model : next;
    if (twin != known.end()) id = tokens[twin->second].id;
    if (id != said) {
      entry.at("id").reject("an added token has an unexpected id", std::to_string(id));
    }
    if (twin == known.end() && of_model < 0) ++next;
    token.id = static_cast<int32_t>(id);
    if (twin != known.end()) {
      tokens[twin->second] = std::move(token);
    } else {
      known.emplace(token.content, tokens.size());
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

}  // namespace tandem
