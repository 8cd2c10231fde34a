#include "loss/products.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/mm.h>
#include <torch/version.h>

// LibTorch 2.8 brought products whose result has another dtype, 2.10 sums of them.
#define TANDEM_MIXED_PRODUCTS (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 10)

namespace tandem {

bool multiplies_bf16(const torch::Device& device) {
  return TANDEM_MIXED_PRODUCTS && device.is_cuda();
}

void multiply(torch::Tensor out, const torch::Tensor& a, const torch::Tensor& b) {
#if TANDEM_MIXED_PRODUCTS
  if (a.scalar_type() != out.scalar_type()) {
    at::mm_out(out, a, b, out.scalar_type());
    return;
  }
#endif
  at::mm_out(out, a, b);
}

void add_product(torch::Tensor out, const torch::Tensor& a, const torch::Tensor& b) {
#if TANDEM_MIXED_PRODUCTS
  if (a.scalar_type() != out.scalar_type()) {
    at::addmm_out(out, out, a, b, out.scalar_type());
    return;
  }
#endif
  at::addmm_out(out, out, a, b);
}

}  // namespace tandem
