#include "kernels/rows/quick_gelu.h"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>

namespace tandem::kernels {
namespace {

// More than one chunk, with a rest that fills no vector.
TEST(QuickGelu, FollowsItsFormula) {
  const torch::Tensor x = torch::linspace(-100, 100, (1 << 17) + 5);
  const torch::Tensor exact = x.to(torch::kFloat64) * torch::sigmoid(1.702 * x.to(torch::kFloat64));
  torch::Tensor found = x.clone();
  quick_gelu_in_place(found);
  EXPECT_TRUE(torch::allclose(found.to(torch::kFloat64), exact, 3e-6, 1e-30))
      << (found - exact).abs().max();
}

TEST(QuickGelu, KeepsWhatIsNotFinite) {
  torch::Tensor x = torch::tensor({INFINITY, NAN, -200.0F});
  quick_gelu_in_place(x);
  EXPECT_EQ(x[0].item<float>(), INFINITY);
  EXPECT_TRUE(std::isnan(x[1].item<float>()));
  EXPECT_EQ(x[2].item<float>(), 0.0F);
}

}  // namespace
}  // namespace tandem::kernels
