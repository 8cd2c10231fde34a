#include "text/models/word_cache.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "text/models/flat_map.h"

namespace tandem {
namespace {

constexpr size_t kSlots = size_t{1} << 14;  // one megabyte
constexpr size_t kCachesPerThread = 4;

}  // namespace

WordCache::WordCache() : slots_(kSlots) {}

bool WordCache::append(std::string_view word, std::vector<int32_t>& ids) const {
  if (word.size() > kLongestWord) return false;
  const Slot& slot = slots_[short_hash(word) % kSlots];
  if (slot.length != word.size() || std::memcmp(slot.word, word.data(), word.size()) != 0)
    return false;
  ids.insert(ids.end(), slot.ids, slot.ids + slot.count);
  return true;
}

void WordCache::remember(std::string_view word, std::span<const int32_t> ids) {
  if (word.empty() || word.size() > kLongestWord || ids.size() > kMostIds) return;
  Slot& slot = slots_[short_hash(word) % kSlots];
  slot.length = static_cast<uint8_t>(word.size());
  slot.count = static_cast<uint8_t>(ids.size());
  std::memcpy(slot.word, word.data(), word.size());
  std::copy(ids.begin(), ids.end(), slot.ids);
}

WordCache& thread_word_cache(uint64_t tokenizer) {
  struct Entry {
    uint64_t tokenizer = UINT64_MAX;
    std::unique_ptr<WordCache> cache;
  };
  thread_local std::array<Entry, kCachesPerThread> entries;
  thread_local size_t oldest = 0;
  for (Entry& entry : entries)
    if (entry.tokenizer == tokenizer) return *entry.cache;
  Entry& entry = entries[oldest];
  oldest = (oldest + 1) % kCachesPerThread;
  entry = {tokenizer, std::make_unique<WordCache>()};
  return *entry.cache;
}

}  // namespace tandem
