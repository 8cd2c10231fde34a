#include "text/steps/added_tokens.h"

#include <algorithm>

#include "text/unicode/unicode.h"

namespace tandem {
namespace {

bool ends_with_word(std::string_view text) {
  return !text.empty() && has_flag(code_point_at(text.data() + last_character(text)).value, kWord);
}

bool starts_with_word(std::string_view text) {
  return !text.empty() && has_flag(code_point_at(text.data()).value, kWord);
}

size_t begin_of_spaces_before(std::string_view text, size_t end) {
  while (end > 0) {
    const size_t last = last_character(text.substr(0, end));
    if (!has_flag(code_point_at(text.data() + last).value, kSpace)) break;
    end = last;
  }
  return end;
}

size_t end_of_spaces_after(std::string_view text, size_t at) {
  while (at < text.size()) {
    const CodePoint c = code_point_at(text.data() + at);
    if (!has_flag(c.value, kSpace)) break;
    at += c.bytes;
  }
  return at;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const Normalizer* normalizer)
    : tokens_(std::move(tokens)), normalized_(tokens_.size()) {
  std::vector<std::pair<std::string_view, int32_t>> original;
  std::vector<std::pair<std::string_view, int32_t>> normalized;
  for (size_t index = 0; index < tokens_.size(); ++index) {
    const AddedToken& token = tokens_[index];
    if (token.content.empty()) continue;
    const auto value = static_cast<int32_t>(index);
    if (!token.normalized) {
      original.emplace_back(token.content, value);
      continue;
    }
    NormalizedText text = {token.content};
    if (normalizer != nullptr) normalizer->apply(text);
    normalized_[index] = std::move(text.text);
    if (!normalized_[index].empty()) normalized.emplace_back(normalized_[index], value);
  }
  original_trie_ = ByteTrie(std::move(original));
  normalized_trie_ = ByteTrie(std::move(normalized));
}

void AddedTokens::cut(const Piece& piece, const ByteTrie& trie, Pieces& pieces) const {
  const std::string_view text = piece.text;
  size_t done = 0;
  for (size_t at = 0; !trie.empty() && at < text.size();) {
    const ByteTrie::Match match = trie.longest_prefix(text.substr(at));
    if (match.length == 0) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[match.value];
    size_t begin = at;
    size_t end = at + match.length;
    at = end;
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || starts_with_word(text.substr(end)))) {
      continue;
    }
    if (token.lstrip) begin = std::max(begin_of_spaces_before(text, begin), done);
    if (token.rstrip) end = end_of_spaces_after(text, end);
    if (begin > done) pieces.add(piece, done, begin);
    pieces.list.push_back({text.substr(begin, end - begin), token.id});
    done = end;
  }
  pieces.add(piece, done, text.size());
}

void AddedTokens::split(std::string_view text, const Normalizer* normalizer, Pieces& pieces) const {
  if (text.empty()) return;
  pieces.list.push_back({text, -1, code_point_at(text.data()).bytes});
  if (!original_trie_.empty())
    pieces.split_each([&](const Piece& piece) { cut(piece, original_trie_, pieces); });
  pieces.split_each([&](Piece piece) {
    if (normalizer != nullptr && !piece.text.empty()) {
      NormalizedText normalized = {std::string(piece.text), piece.start_bytes};
      normalizer->apply(normalized);
      piece.text = pieces.keep(std::move(normalized.text));
      piece.start_bytes = normalized.start_bytes;
    }
    cut(piece, normalized_trie_, pieces);
  });
}

}  // namespace tandem
