#pragma once

#include <cstdint>
#include <initializer_list>

namespace tandem {

/// Returns a seed that depends on every part and on their order, so that (run seed, epoch, index)
/// names one random stream.
[[nodiscard]] uint64_t mix_seed(std::initializer_list<uint64_t> parts) noexcept;

/// A small random stream that gives the same numbers on every machine and compiler: splitmix64
/// (Steele, Lea and Flood, 2014). Not thread-safe; make one per sample from mix_seed({seed, epoch,
/// index}).
class Random {
 public:
  explicit Random(uint64_t seed) noexcept : state_(seed) {}

  /// The next 64 random bits.
  uint64_t next() noexcept;
  /// A real in [0, 1) with 53 random bits.
  double uniform() noexcept;
  /// A real in [low, high).
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  /// An integer in [0, count), without bias; count must be positive.
  uint64_t below(uint64_t count) noexcept;
  /// A standard normal number (Box and Muller, 1958).
  double normal() noexcept;

 private:
  uint64_t state_;
};

/// A permutation of [0, count) computed point by point, in constant memory: a four-round Feistel
/// network over the next power of four, walked until it lands inside (Black and Rogaway, 2002).
/// Lookups are const and thread-safe.
class Permutation {
 public:
  Permutation(uint64_t count, uint64_t seed) noexcept;
  /// Returns the image of `position`, which must be below count.
  [[nodiscard]] uint64_t operator()(uint64_t position) const noexcept;

 private:
  [[nodiscard]] uint64_t encrypt(uint64_t value) const noexcept;

  uint64_t count_;
  int half_bits_ = 1;
  uint64_t keys_[4];
};

}  // namespace tandem
