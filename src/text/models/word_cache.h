#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tandem {

/// The ids of words seen lately: a table of fixed size, in which a word pushes out the one that
/// stood at its place. Long words and words of many ids are not kept. For one thread.
class WordCache {
 public:
  WordCache();

  /// Appends the ids of `word` and returns true, or returns false when it is not there.
  [[nodiscard]] bool append(std::string_view word, std::vector<int32_t>& ids) const;
  void remember(std::string_view word, std::span<const int32_t> ids);

 private:
  static constexpr size_t kLongestWord = 30;
  static constexpr size_t kMostIds = 8;
  struct alignas(64) Slot {
    uint8_t length = 0;
    uint8_t count = 0;
    char word[kLongestWord] = {};
    int32_t ids[kMostIds] = {};
  };
  std::vector<Slot> slots_;
};

/// Returns this thread's cache for the tokenizer with that number. A thread keeps the caches of the
/// few tokenizers it used last.
[[nodiscard]] WordCache& thread_word_cache(uint64_t tokenizer);

}  // namespace tandem
