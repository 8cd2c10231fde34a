// What keeps the host from waiting for a GPU: flags that arrive late, copies that travel aside.
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "train/step/late_flag.h"
#include "train/step/side_copy.h"

namespace tandem {
namespace {

TEST(LateFlag, OfTheCpuIsThere) {
  EXPECT_TRUE(LateFlag(torch::tensor(true)).read());
  EXPECT_FALSE(LateFlag(torch::tensor(false)).read());
}

TEST(SideCopy, OnTheCpuIsTheTensor) {
  const torch::Tensor x = torch::arange(5);
  EXPECT_TRUE(torch::equal(SideCopy(torch::kCPU)(x), x));
}

// Long work that is queued on the GPU.
torch::Tensor keep_busy() {
  torch::Tensor x = torch::ones({4096, 4096}, torch::kCUDA);
  for (int i = 0; i < 20; ++i) x = x.matmul(x).clamp(0, 1);
  return x;
}

TEST(LateFlag, HoldsWhatWasTrueWhenItWasMade_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  torch::Tensor flag = torch::ones({}, torch::dtype(torch::kBool).device(torch::kCUDA));
  (void)keep_busy();
  const LateFlag before(flag);
  flag.logical_not_();
  const LateFlag after(flag);
  (void)keep_busy();
  EXPECT_TRUE(before.read());
  EXPECT_FALSE(after.read());
}

TEST(SideCopy, IsThereForWhatIsQueuedNext_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const SideCopy to_device(torch::Device(torch::kCUDA, 0));
  for (int round = 0; round < 20; ++round) {
    const torch::Tensor on_host = torch::full(
        {1 << 22}, round, torch::TensorOptions().dtype(torch::kInt32).pinned_memory(true));
    const torch::Tensor busy = keep_busy();
    const torch::Tensor sum = to_device(on_host).sum();
    EXPECT_EQ(sum.item<int64_t>(), int64_t{round} << 22);
  }
}

}  // namespace
}  // namespace tandem
