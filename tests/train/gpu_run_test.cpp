// Whole runs on a GPU: the same data and updates as on the CPU, and a run that was stopped goes on.
#include <torch/cuda.h>

#include "train/tiny.h"

namespace tandem {
namespace {

struct Case {
  const char* device;
  Precision precision;
  double tolerance;  ///< Relative, of each step's loss beside fp32 on the CPU.
};

RunConfig run_on(const TemporaryFolder& folder, const char* device, Precision precision) {
  RunConfig config = test::tiny_run(folder.path());
  config.run.device = device;
  config.train.precision = precision;
  return config;
}

void expect_losses_of_the_cpu(const Case& given) {
  const TemporaryFolder folder, reference_folder;
  Trainer trainer(run_on(folder, given.device, given.precision));
  Trainer reference(run_on(reference_folder, "cpu", Precision::kFp32));
  const std::vector<double> found = test::run_losses(trainer),
                            expected = test::run_losses(reference);
  ASSERT_EQ(found.size(), 12U);
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], given.tolerance * expected[i]) << "step " << i + 1;
}

TEST(RunInHalfPrecision, FollowsFp32) { expect_losses_of_the_cpu({"cpu", Precision::kBf16, 0.03}); }

TEST(RunOnGpu, HasTheCpusLosses_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  expect_losses_of_the_cpu({"cuda", Precision::kFp32, 2e-3});
}

TEST(RunOnGpu, InHalfPrecisionFollowsTheCpu_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  expect_losses_of_the_cpu({"cuda", Precision::kBf16, 0.03});
}

TEST(RunOnGpu, GoesOnWhereItWasStopped_CUDA) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const TemporaryFolder folder, whole_folder;
  Trainer whole(run_on(whole_folder, "cuda", Precision::kBf16));
  const std::vector<double> expected = test::run_losses(whole);
  std::vector<double> found;
  for (const int64_t stop_after : {5, 0}) {
    Trainer trainer(run_on(folder, "cuda", Precision::kBf16));
    const std::vector<double> part = test::run_losses(trainer, stop_after);
    found.insert(found.end(), part.begin(), part.end());
  }
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 0.01 * expected[i]) << "step " << i + 1;
}

}  // namespace
}  // namespace tandem
