#include <algorithm>
#include <array>
#include <queue>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "text/models/word_model.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

// Up to here looking through all pairs for the best is faster than a heap.
constexpr size_t kShortWord = 48;

int32_t require_token(const StringMap& ids, const std::string& token, const std::string& where) {
  const int32_t id = ids.find(token);
  if (id < 0) {
    throw Error(ErrorKind::kCheckpoint, {.what = "a merge names an unknown token",
                                         .where = where,
                                         .expected = "tokens of model.vocab",
                                         .found = "\"" + token + "\""});
  }
  return id;
}

}  // namespace

BpeModel::BpeModel(std::vector<std::string> tokens, const BpeOptions& options,
                   const std::string& where)
    : WordModel(std::move(tokens)),
      merges_(options.merges.size()),
      prefix_(options.continuing_subword_prefix),
      suffix_(options.end_of_word_suffix),
      fuse_unk_(options.fuse_unk),
      ignore_merges_(options.ignore_merges) {
  if (options.byte_fallback) byte_ids_ = byte_token_ids(ids_);
  if (options.unk_token) {
    unk_id_ = ids_.find(*options.unk_token);
    if (unk_id_ < 0) {
      throw Error(ErrorKind::kCheckpoint, {.what = "the unknown token is not in the vocabulary",
                                           .where = where + ": model.unk_token",
                                           .found = "\"" + *options.unk_token + "\""});
    }
  }
  for (size_t rank = 0; rank < options.merges.size(); ++rank) {
    const auto& [left, right] = options.merges[rank];
    const std::string place = fmt::format("{}: model.merges[{}]", where, rank);
    const int32_t left_id = require_token(ids_, left, place);
    const int32_t right_id = require_token(ids_, right, place);
    if (right.size() < prefix_.size()) {
      throw Error(ErrorKind::kCheckpoint,
                  {.what = "the right side of a merge lacks the subword prefix",
                   .where = place,
                   .expected = "a token that begins with " + prefix_,
                   .found = "\"" + right + "\""});
    }
    const int32_t merged = require_token(ids_, left + right.substr(prefix_.size()), place);
    merges_.insert(left_id, right_id, {static_cast<int32_t>(rank), merged});
  }
}

bool BpeModel::append_bytes(std::string_view piece, std::vector<int32_t>& symbols) const {
  const auto id_of_byte = [&](char c) { return byte_ids_[static_cast<uint8_t>(c)]; };
  if (byte_ids_.empty()) return false;
  if (std::any_of(piece.begin(), piece.end(), [&](char c) { return id_of_byte(c) < 0; }))
    return false;
  for (const char c : piece) symbols.push_back(id_of_byte(c));
  return true;
}

/// One symbol for each character. An unknown one waits until the next known one, as the reference
/// does it: bytes that stand in for a character go ahead of it.
void BpeModel::append_symbols(std::string_view word, std::vector<int32_t>& symbols) const {
  bool unknown_waits = false;
  std::string decorated;
  for_each_character(word, [&](char32_t, size_t begin, size_t bytes) {
    std::string_view piece = word.substr(begin, bytes);
    const bool is_last = begin + bytes == word.size();
    if ((begin > 0 && !prefix_.empty()) || (is_last && !suffix_.empty())) {
      decorated.assign(begin > 0 ? prefix_ : std::string());
      decorated.append(piece);
      if (is_last) decorated += suffix_;
      piece = decorated;
    }
    const int32_t id = ids_.find(piece);
    if (id >= 0) {
      if (unknown_waits) symbols.push_back(unk_id_);
      unknown_waits = false;
      symbols.push_back(id);
      return;
    }
    if (append_bytes(piece, symbols) || unk_id_ < 0) return;
    if (unknown_waits && !fuse_unk_) symbols.push_back(unk_id_);
    unknown_waits = true;
  });
  if (unknown_waits) symbols.push_back(unk_id_);
}

void BpeModel::merge_short(std::vector<int32_t>& symbols) const {
  std::array<MergeMap::Merge, kShortWord> merges;  // merges[i]: of symbols i and i + 1
  size_t count = symbols.size();
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = merges_.find(symbols[i], symbols[i + 1]);
  while (count > 1) {
    size_t best = count;
    int32_t best_rank = INT32_MAX;
    for (size_t i = 0; i + 1 < count; ++i) {
      if (merges[i].rank >= 0 && merges[i].rank < best_rank) {
        best = i;
        best_rank = merges[i].rank;
      }
    }
    if (best == count) break;
    symbols[best] = merges[best].id;
    for (size_t i = best + 1; i + 1 < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i - 1] = merges[i];
    }
    merges[count - 2] = {};
    --count;
    if (best + 1 < count) merges[best] = merges_.find(symbols[best], symbols[best + 1]);
    if (best > 0) merges[best - 1] = merges_.find(symbols[best - 1], symbols[best]);
  }
  symbols.resize(count);
}

void BpeModel::merge_long(std::vector<int32_t>& symbols) const {
  struct Link {
    int32_t previous;
    int32_t next;
  };
  struct Candidate {
    int32_t rank;
    int32_t at;
    int32_t id;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  const auto count = static_cast<int32_t>(symbols.size());
  std::vector<Link> links(symbols.size());
  for (int32_t i = 0; i < count; ++i) links[i] = {i - 1, i + 1 < count ? i + 1 : -1};
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](int32_t at) {
    if (at < 0 || links[at].next < 0) return;
    const MergeMap::Merge merge = merges_.find(symbols[at], symbols[links[at].next]);
    if (merge.rank >= 0) queue.push({merge.rank, at, merge.id});
  };
  for (int32_t i = 0; i + 1 < count; ++i) consider(i);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    const int32_t next = links[top.at].next;
    if (symbols[top.at] < 0 || next < 0) continue;
    // Candidates that a merge made stale are still in the queue.
    if (merges_.find(symbols[top.at], symbols[next]).id != top.id) continue;
    symbols[top.at] = top.id;
    symbols[next] = -1;
    links[top.at].next = links[next].next;
    if (links[next].next >= 0) links[links[next].next].previous = top.at;
    consider(links[top.at].previous);
    consider(top.at);
  }
  symbols.erase(std::remove(symbols.begin(), symbols.end(), -1), symbols.end());
}

void BpeModel::encode(std::string_view word, std::vector<int32_t>& ids) const {
  if (ignore_merges_) {
    const int32_t id = ids_.find(word);
    if (id >= 0) {
      ids.push_back(id);
      return;
    }
  }
  std::vector<int32_t> symbols;
  symbols.reserve(word.size());
  append_symbols(word, symbols);
  if (symbols.size() <= kShortWord) {
    merge_short(symbols);
  } else {
    merge_long(symbols);
  }
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

}  // namespace tandem
