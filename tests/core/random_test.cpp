#include "tandem/core/random.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Random, GivesTheKnownValuesOfSplitmix64) {
  Random zero(0);  // first outputs of the reference implementation with state 0
  EXPECT_EQ(zero.next(), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(zero.next(), 0x6e789e6aa1b965f4ULL);
  EXPECT_EQ(zero.next(), 0x06c45d188009454fULL);
}

TEST(Random, UniformStaysInItsRangeAndFillsIt) {
  Random random(7);
  double sum = 0;
  double least = 1;
  double most = 0;
  constexpr int kDraws = 20000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const double value = random.uniform();
    ASSERT_GE(value, 0.0);
    ASSERT_LT(value, 1.0);
    sum += value;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.01);
  EXPECT_LT(least, 0.001);
  EXPECT_GT(most, 0.999);
  const double scaled = random.uniform(-3.0, -2.0);
  EXPECT_GE(scaled, -3.0);
  EXPECT_LT(scaled, -2.0);
}

TEST(Random, BelowIsUniformForCountsThatAreNoPowerOfTwo) {
  for (const uint64_t count : {1ULL, 2ULL, 3ULL, 7ULL}) {
    Random random(count);
    std::vector<int> seen(count, 0);
    constexpr int kDraws = 21000;
    for (int draw = 0; draw < kDraws; ++draw) {
      const uint64_t value = random.below(count);
      ASSERT_LT(value, count);
      ++seen[value];
    }
    const double expected = static_cast<double>(kDraws) / static_cast<double>(count);
    for (const int times : seen) EXPECT_NEAR(times, expected, 5 * std::sqrt(expected));
  }
  Random random(1);
  const uint64_t huge = (1ULL << 63) + 1;
  for (int draw = 0; draw < 100; ++draw) EXPECT_LT(random.below(huge), huge);
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
  Random random(3);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 40000;
  for (int draw = 0; draw < kDraws; ++draw) {
    const double value = random.normal();
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / kDraws, 0.0, 0.02);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.03);
}

TEST(MixSeed, DependsOnEveryPartAndOnTheirOrder) {
  EXPECT_NE(mix_seed({1, 2, 3}), mix_seed({3, 2, 1}));
  EXPECT_NE(mix_seed({1, 2, 3}), mix_seed({1, 2}));
  EXPECT_NE(mix_seed({0}), mix_seed({0, 0}));
  EXPECT_NE(mix_seed({0, 1}), mix_seed({1, 0}));
  EXPECT_EQ(mix_seed({5, 6}), mix_seed({5, 6}));
}

TEST(MixSeed, KeepsItsValues) {
  EXPECT_EQ(mix_seed({1, 2, 3}), 0xa2c7ae98f4ad087aULL);
  const Permutation permutation(1000, 42);
  EXPECT_EQ(permutation(0), 6U);
  EXPECT_EQ(permutation(1), 682U);
  EXPECT_EQ(permutation(999), 754U);
}

TEST(Permutation, IsABijectionForAnyCount) {
  for (const uint64_t count : {1ULL, 2ULL, 3ULL, 4ULL, 5ULL, 16ULL, 17ULL, 1000ULL, 4097ULL}) {
    for (const uint64_t seed : {0ULL, 9ULL}) {
      const Permutation permutation(count, seed);
      std::vector<bool> seen(count, false);
      for (uint64_t position = 0; position < count; ++position) {
        const uint64_t image = permutation(position);
        ASSERT_LT(image, count);
        ASSERT_FALSE(seen[image]) << "count " << count << " position " << position;
        seen[image] = true;
      }
    }
  }
}

TEST(Permutation, ShufflesAndDependsOnTheSeed) {
  constexpr uint64_t kCount = 1000;
  const Permutation first(kCount, 1);
  const Permutation second(kCount, 2);
  int fixed = 0;
  int equal = 0;
  for (uint64_t position = 0; position < kCount; ++position) {
    fixed += first(position) == position ? 1 : 0;
    equal += first(position) == second(position) ? 1 : 0;
  }
  EXPECT_LT(fixed, 10);
  EXPECT_LT(equal, 10);
}

TEST(Permutation, WorksForCountsBeyond32Bits) {
  const uint64_t count = (1ULL << 40) + 3;
  const Permutation permutation(count, 5);
  EXPECT_LT(permutation(0), count);
  EXPECT_LT(permutation(count - 1), count);
  EXPECT_NE(permutation(0), permutation(count - 1));
}

}  // namespace
}  // namespace tandem
