#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace tandem::apps {

/// One pass or product, and what it cannot do without: bytes moved, or operations.
struct Kernel {
  std::string name;
  std::string shape;
  std::function<void()> run;
  double bytes = 0;
  double flops = 0;
};

struct KernelSizes {
  int64_t tile_rows = 1024;  ///< Of logits.
  int64_t tile_columns = 1024;
  int64_t rows = 1600;  ///< Of the products and of the passes between them.
  int64_t width = 768;  ///< What the products read; the wide ones give four times as much.
  torch::Device device = torch::kCPU;
};

/// Passes of the losses over a tile of logits: fp32, gradients in bf16 on a GPU.
[[nodiscard]] std::vector<Kernel> loss_kernels(const KernelSizes& sizes);
/// Passes between a transformer's products, and their gradients: fp32, bf16 on a GPU.
[[nodiscard]] std::vector<Kernel> row_kernels(const KernelSizes& sizes);
/// A transformer's wide product in every form there is on this CPU.
[[nodiscard]] std::vector<Kernel> product_kernels(const KernelSizes& sizes);

}  // namespace tandem::apps
