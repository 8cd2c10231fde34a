#include "text/models/word_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

constexpr double kUnknownPenalty = 10.0;

}  // namespace

WordModel::WordModel(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  ids_.reserve(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id)
    if (!tokens_[id].empty()) ids_.insert(tokens_[id], static_cast<int32_t>(id));
}

std::vector<int32_t> byte_token_ids(const StringMap& ids) {
  std::vector<int32_t> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(ids.find(fmt::format("<0x{:02X}>", byte)));
  return bytes;
}

WordPieceModel::WordPieceModel(std::vector<std::string> tokens, const WordPieceOptions& options,
                               const std::string& where)
    : WordModel(std::move(tokens)), max_characters_(options.max_input_chars_per_word) {
  unk_id_ = ids_.find(options.unk_token);
  if (unk_id_ < 0) {
    throw Error(ErrorKind::kCheckpoint, {.what = "the unknown token is not in the vocabulary",
                                         .where = where + ": model.unk_token",
                                         .found = "\"" + options.unk_token + "\""});
  }
  const std::string& prefix = options.continuing_subword_prefix;
  std::vector<std::pair<std::string_view, int32_t>> first;
  std::vector<std::pair<std::string_view, int32_t>> following;
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const std::string_view token = tokens_[id];
    if (token.empty()) continue;
    first.emplace_back(token, static_cast<int32_t>(id));
    if (token.size() > prefix.size() && token.starts_with(prefix))
      following.emplace_back(token.substr(prefix.size()), static_cast<int32_t>(id));
  }
  first_ = ByteTrie(std::move(first));
  following_ = ByteTrie(std::move(following));
}

void WordPieceModel::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.size() > max_characters_) {
    uint64_t characters = 0;
    for (const char c : word) characters += (c & 0xC0) != 0x80 ? 1 : 0;
    if (characters > max_characters_) {
      ids.push_back(unk_id_);
      return;
    }
  }
  const size_t before = ids.size();
  for (size_t at = 0; at < word.size();) {
    const ByteTrie& pieces = at == 0 ? first_ : following_;
    const ByteTrie::Match match = pieces.longest_prefix(word.substr(at));
    if (match.length == 0) {
      ids.resize(before);
      ids.push_back(unk_id_);
      return;
    }
    ids.push_back(match.value);
    at += match.length;
  }
}

UnigramModel::UnigramModel(std::vector<std::string> tokens, UnigramOptions options,
                           const std::string& where)
    : WordModel(std::move(tokens)), scores_(std::move(options.scores)) {
  unk_id_ = options.unk_id;
  if (unk_id_ >= static_cast<int32_t>(tokens_.size())) {
    throw Error(ErrorKind::kCheckpoint, {.what = "the unknown token is not in the vocabulary",
                                         .where = where + ": model.unk_id",
                                         .expected = fmt::format("below {}", tokens_.size()),
                                         .found = std::to_string(unk_id_)});
  }
  std::vector<std::pair<std::string_view, int32_t>> pieces;
  double least = 0;
  for (size_t id = 0; id < tokens_.size(); ++id) {
    least = id == 0 ? scores_[id] : std::min(least, scores_[id]);
    if (!tokens_[id].empty()) pieces.emplace_back(tokens_[id], static_cast<int32_t>(id));
  }
  pieces_ = ByteTrie(std::move(pieces));
  unk_score_ = least - kUnknownPenalty;
  if (options.byte_fallback) byte_ids_ = byte_token_ids(ids_);
}

void UnigramModel::encode(std::string_view word, std::vector<int32_t>& ids) const {
  struct Arrival {
    double score = 0;
    size_t from = SIZE_MAX;
    int32_t id = -1;
  };
  std::vector<Arrival> arrivals(word.size() + 1);
  const auto offer = [&](size_t to, const Arrival& arrival) {
    if (arrivals[to].from == SIZE_MAX || arrival.score > arrivals[to].score) arrivals[to] = arrival;
  };
  for (size_t at = 0; at < word.size();) {
    const size_t bytes = code_point_at(word.data() + at).bytes;
    const double score = arrivals[at].score;
    bool has_single = false;
    pieces_.for_each_prefix(word.substr(at), [&](size_t length, int32_t id) {
      offer(at + length, {score + scores_[id], at, id});
      has_single = has_single || length == bytes;
    });
    if (!has_single) {
      if (unk_id_ < 0) {
        throw Error(ErrorKind::kData,
                    {.what = "a character is not in the vocabulary, and there is no unknown token",
                     .found = std::string(word.substr(at, bytes))});
      }
      offer(at + bytes, {score + unk_score_, at, unk_id_});
    }
    at += bytes;
  }
  struct Span {
    size_t begin;
    size_t end;
    bool unknown;
  };
  std::vector<Span> path;  // from the end
  for (size_t end = word.size(); end > 0;) {
    const Arrival& arrival = arrivals[end];
    const bool unknown = arrival.id == unk_id_;
    if (unknown && !path.empty() && path.back().unknown) {
      path.back().begin = arrival.from;
    } else {
      path.push_back({arrival.from, end, unknown});
    }
    end = arrival.from;
  }
  // The text of neighbouring unknown pieces counts as one, and may be a token after all.
  std::ranges::reverse(path);
  for (const Span& span : path) {
    const std::string_view piece = word.substr(span.begin, span.end - span.begin);
    const int32_t id = ids_.find(piece);
    if (id >= 0) {
      ids.push_back(id);
    } else {
      append_unknown(piece, ids);
    }
  }
}

void UnigramModel::append_unknown(std::string_view piece, std::vector<int32_t>& ids) const {
  const auto id_of_byte = [&](char c) { return byte_ids_[static_cast<uint8_t>(c)]; };
  const bool by_bytes = !byte_ids_.empty() && std::none_of(piece.begin(), piece.end(), [&](char c) {
    return id_of_byte(c) < 0;
  });
  if (by_bytes) {
    for (const char c : piece) ids.push_back(id_of_byte(c));
  } else {
    ids.push_back(unk_id_);
  }
}

}  // namespace tandem
