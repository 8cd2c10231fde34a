#include "kernels/vectorised.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace tandem::kernels {
namespace {

constexpr double kTwoUnits = 2.4e-7;  // Relative, in the last place of fp32.

TEST(ExpOfNegative, IsExactToTwoUnits) {
  for (int i = 0; i <= 87000; ++i) {
    const float x = -static_cast<float>(i) / 1000.0F;
    const double expected = std::exp(static_cast<double>(x));
    ASSERT_NEAR(exp_of_negative(x) / expected, 1.0, kTwoUnits) << x;
  }
}

TEST(ExpOfNegative, IsZeroBelowTheNormalRange) {
  EXPECT_EQ(exp_of_negative(-87.5F), 0.0F);
  EXPECT_EQ(exp_of_negative(std::numeric_limits<float>::lowest()), 0.0F);
  EXPECT_EQ(exp_of_negative(-std::numeric_limits<float>::infinity()), 0.0F);
}

TEST(ExpOfNegative, KeepsNaN) {
  EXPECT_TRUE(std::isnan(exp_of_negative(std::numeric_limits<float>::quiet_NaN())));
}

TEST(LogOfOnePlus, IsExactToTwoUnits) {
  for (int i = 1; i <= 10000; ++i) {
    const float u = static_cast<float>(i) / 10000.0F;
    ASSERT_NEAR(log_of_one_plus(u) / std::log1p(static_cast<double>(u)), 1.0, kTwoUnits) << u;
  }
  EXPECT_EQ(log_of_one_plus(0.0F), 0.0F);
  EXPECT_NEAR(log_of_one_plus(1e-30F) / 1e-30, 1.0, kTwoUnits);
}

}  // namespace
}  // namespace tandem::kernels
