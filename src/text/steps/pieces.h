#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// A part of a text on its way to ids.
struct Piece {
  std::string_view text;
  int32_t id = -1;  ///< Of an added token, which needs no further work; -1 for text.
  size_t start_bytes =
      0;  ///< How many bytes at its front come from the original's first character.
};

/// What a splitter does with the spans that its pattern finds.
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

/// A text in pieces, in order, and the strings that they look into.
class Pieces {
 public:
  std::vector<Piece> list;

  /// Keeps a string for as long as the pieces live.
  std::string_view keep(std::string text) { return kept_.emplace_back(std::move(text)); }

  /// Replaces every piece of text by what `split(piece)` gives to add().
  template <typename Split>
  void split_each(Split split) {
    before_.swap(list);
    list.clear();
    for (const Piece& piece : before_) {
      if (piece.id >= 0) {
        list.push_back(piece);
      } else {
        split(piece);
      }
    }
  }

  /// Appends the part [begin, end) of a piece, unless it is empty.
  void add(const Piece& whole, size_t begin, size_t end) {
    if (begin >= end) return;
    const size_t start = whole.start_bytes - std::min(whole.start_bytes, begin);
    list.push_back({whole.text.substr(begin, end - begin), -1, std::min(start, end - begin)});
  }

  void clear() {
    list.clear();
    kept_.clear();
  }

 private:
  std::vector<Piece> before_;
  std::deque<std::string> kept_;
};

/// Cuts a piece at the spans of a pattern, from left to right and closed by finish().
class Cutter {
 public:
  Cutter(Pieces& pieces, const Piece& piece, SplitBehavior behavior, bool invert = false)
      : pieces_(pieces), piece_(piece), behavior_(behavior), invert_(invert) {}

  void match(size_t begin, size_t end) {
    if (done_ < begin) span(done_, begin, invert_);
    span(begin, end, !invert_);
    done_ = end;
  }
  void finish() {
    if (done_ < piece_.text.size()) span(done_, piece_.text.size(), invert_);
    flush();
  }

 private:
  void span(size_t begin, size_t end, bool is_match) {
    if (behavior_ == SplitBehavior::kRemoved) {
      if (!is_match) pieces_.add(piece_, begin, end);
      return;
    }
    const bool joins = joins_pending(is_match);
    was_match_ = is_match;
    if (joins && pending_) {
      pending_end_ = end;
      return;
    }
    flush();
    pending_ = true;
    pending_begin_ = begin;
    pending_end_ = end;
  }

  [[nodiscard]] bool joins_pending(bool is_match) const {
    switch (behavior_) {
      case SplitBehavior::kContiguous: return is_match == was_match_;
      case SplitBehavior::kMergedWithPrevious: return is_match && !was_match_;
      case SplitBehavior::kMergedWithNext: return was_match_ && !is_match;
      default: return false;
    }
  }

  void flush() {
    if (pending_) pieces_.add(piece_, pending_begin_, pending_end_);
    pending_ = false;
  }

  Pieces& pieces_;
  const Piece& piece_;
  SplitBehavior behavior_;
  bool invert_;
  size_t done_ = 0;
  size_t pending_begin_ = 0;
  size_t pending_end_ = 0;
  bool pending_ = false;
  bool was_match_ = false;
};

}  // namespace tandem
