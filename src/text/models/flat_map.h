#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// A fast hash of a short string, for tables in memory only.
[[nodiscard]] inline uint64_t short_hash(std::string_view text) noexcept {
  uint64_t hash = 0x9E3779B97F4A7C15 ^ text.size();
  size_t at = 0;
  const auto mix = [&](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93;
    hash ^= hash >> 32;
  };
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    mix(word);
  }
  uint64_t word = 0;
  if (at < text.size()) std::memcpy(&word, text.data() + at, text.size() - at);
  mix(word);
  return hash;
}

/// Strings to ids in one flat table, made for looking up. Equal strings: the last one's id stands.
class StringMap {
 public:
  void reserve(size_t count) {
    std::vector<Slot> old(std::bit_ceil(count * 2 + 2));
    old.swap(slots_);
    for (const Slot& slot : old)
      if (slot.id >= 0) slots_[place(key_of(slot), slot.hash)] = slot;
  }

  void insert(std::string_view key, int32_t id) {
    if ((count_ + 1) * 2 > slots_.size()) reserve(count_ * 2 + 8);
    const uint64_t hash = short_hash(key);
    Slot& slot = slots_[place(key, hash)];
    if (slot.id < 0) {
      slot = {hash, keys_.size(), static_cast<uint32_t>(key.size()), id};
      keys_.append(key);
      ++count_;
    }
    slot.id = id;
  }

  /// Returns the id of `key`, or -1.
  [[nodiscard]] int32_t find(std::string_view key) const noexcept {
    return slots_.empty() ? -1 : slots_[place(key, short_hash(key))].id;
  }
  [[nodiscard]] size_t size() const noexcept { return count_; }

 private:
  struct Slot {
    uint64_t hash = 0;
    size_t begin = 0;
    uint32_t length = 0;
    int32_t id = -1;
  };
  [[nodiscard]] std::string_view key_of(const Slot& slot) const noexcept {
    return {keys_.data() + slot.begin, slot.length};
  }
  [[nodiscard]] size_t place(std::string_view key, uint64_t hash) const noexcept {
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at].id >= 0 && (slots_[at].hash != hash || key_of(slots_[at]) != key))
      at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
  std::string keys_;
  size_t count_ = 0;
};

/// Two neighbouring ids to what they merge to.
class MergeMap {
 public:
  struct Merge {
    int32_t rank = -1;  ///< -1: the two do not merge. The lowest goes first.
    int32_t id = -1;
  };

  explicit MergeMap(size_t count = 0) : slots_(std::bit_ceil(count * 2 + 2)) {}

  /// At most as many as the constructor was given; the last of equal pairs stands.
  void insert(int32_t left, int32_t right, Merge merge) {
    slots_[place(key_of(left, right))] = {key_of(left, right), merge};
  }
  [[nodiscard]] Merge find(int32_t left, int32_t right) const noexcept {
    return slots_[place(key_of(left, right))].merge;
  }

 private:
  struct Slot {
    uint64_t key = UINT64_MAX;
    Merge merge;
  };
  [[nodiscard]] static uint64_t key_of(int32_t left, int32_t right) noexcept {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  [[nodiscard]] size_t place(uint64_t key) const noexcept {
    const size_t mask = slots_.size() - 1;
    uint64_t hash = key * 0x9E3779B97F4A7C15;
    size_t at = (hash ^ hash >> 32) & mask;
    while (slots_[at].key != UINT64_MAX && slots_[at].key != key) at = (at + 1) & mask;
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace tandem
