#include "tandem/core/device.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "core/expect_error.h"

namespace tandem {
namespace {

TEST(ResolveDevice, FindsTheProcessor) {
  EXPECT_EQ(resolve_device("cpu"), torch::Device(torch::kCPU));
  EXPECT_EQ(resolve_device("auto").is_cuda(), torch::cuda::is_available());
}

TEST(ResolveDevice, RefusesNumbersBeyondTheDevicesOfThisMachine) {
  for (const char* name : {"cuda:127", "cuda:128", "cuda:200", "cuda:255", "cuda:256", "cuda:999"})
    expect_error(ErrorKind::kDevice, ErrorParts{.what = name}, [&] { (void)resolve_device(name); });
}

TEST(ResolveDevice, RefusesOtherNames) {
  for (const char* name :
       {"", "gpu", "CPU", "cud", "cudas", "cuda:", "cuda:x", "cuda:-1", "cuda:1000"})
    expect_error(ErrorKind::kUsage,
                 ErrorParts{.expected = "auto, cpu, cuda or cuda:N", .found = name},
                 [&] { (void)resolve_device(name); });
}

}  // namespace
}  // namespace tandem
