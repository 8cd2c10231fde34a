#include "tandem/core/random.h"

#include <cmath>
#include <numbers>

namespace tandem {
namespace {

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

constexpr uint64_t scramble(uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t mix_seed(std::initializer_list<uint64_t> parts) noexcept {
  uint64_t state = kGolden;
  for (const uint64_t part : parts) state = scramble(state + kGolden + scramble(part + kGolden));
  return state;
}

uint64_t Random::next() noexcept {
  state_ += kGolden;
  return scramble(state_);
}

double Random::uniform() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

uint64_t Random::below(uint64_t count) noexcept {
  // Lemire's multiplication with rejection of the short residue.
  const uint64_t threshold = (0 - count) % count;
  while (true) {
    const auto product = static_cast<unsigned __int128>(next()) * count;
    if (static_cast<uint64_t>(product) >= threshold) return static_cast<uint64_t>(product >> 64);
  }
}

double Random::normal() noexcept {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

Permutation::Permutation(uint64_t count, uint64_t seed) noexcept : count_(count) {
  while (half_bits_ < 32 && (uint64_t{1} << (2 * half_bits_)) < count) ++half_bits_;
  for (uint64_t round = 0; round < 4; ++round) keys_[round] = mix_seed({seed, round});
}

uint64_t Permutation::encrypt(uint64_t value) const noexcept {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = value >> half_bits_;
  uint64_t right = value & mask;
  for (const uint64_t key : keys_) {
    const uint64_t next = left ^ (scramble(right + key) & mask);
    left = right;
    right = next;
  }
  return (left << half_bits_) | right;
}

uint64_t Permutation::operator()(uint64_t position) const noexcept {
  do position = encrypt(position);
  while (position >= count_);
  return position;
}

}  // namespace tandem
