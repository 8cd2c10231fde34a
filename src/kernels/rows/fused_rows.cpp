#include "kernels/rows/fused_rows.h"

#ifdef TANDEM_CUDA_KERNELS
#include "kernels/rows/fused_rows_cuda.h"
#endif

namespace tandem::kernels {

bool is_fused_for([[maybe_unused]] const torch::Tensor& x) {
#ifdef TANDEM_CUDA_KERNELS
  return cuda::takes(x);
#else
  return false;
#endif
}

NormedSum add_layer_norm(const torch::Tensor& x, const torch::Tensor& residual,
                         const NormParameters& norm) {
#ifdef TANDEM_CUDA_KERNELS
  if (cuda::takes_norm(x, residual, norm)) return cuda::add_layer_norm(x, residual, norm);
#endif
  return add_layer_norm_aten(x, residual, norm);
}

NormedSum add_layer_norm_aten(const torch::Tensor& x, const torch::Tensor& residual,
                              const NormParameters& norm) {
  const torch::Tensor sum = x + residual;  // [T, D]
  return {.sum = sum,
          .normed = at::layer_norm(sum, norm.weight.sizes(), norm.weight, norm.bias, norm.eps)};
}

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kGelu: return at::gelu(x);
    case Activation::kGeluTanh: return at::gelu(x, "tanh");
    case Activation::kQuickGelu: return x * torch::sigmoid(1.702 * x);
  }
  TORCH_CHECK(false, "unknown activation ", static_cast<int>(activation));
}

torch::Tensor bias_activation(const torch::Tensor& x, const torch::Tensor& bias,
                              Activation activation) {
#ifdef TANDEM_CUDA_KERNELS
  if (cuda::takes_bias(x, bias)) return cuda::bias_activation(x, bias, activation);
#endif
  return bias_activation_aten(x, bias, activation);
}

torch::Tensor bias_activation_aten(const torch::Tensor& x, const torch::Tensor& bias,
                                   Activation activation) {
  return activate(x + bias, activation);
}

torch::Tensor patches(const torch::Tensor& images, const PatchOptions& options) {
#ifdef TANDEM_CUDA_KERNELS
  if (cuda::takes_images(images)) return cuda::patches(images, options);
#endif
  return patches_aten(images, options);
}

torch::Tensor patches_aten(const torch::Tensor& images, const PatchOptions& options) {
  const int64_t B = images.size(0), C = images.size(1), P = options.patch, n = images.size(2) / P;
  torch::Tensor cut = images.slice(2, 0, n * P).slice(3, 0, n * P);
  cut = cut.reshape({B, C, n, P, n, P}).permute({0, 2, 4, 1, 3, 5}).reshape({B * n * n, C, P * P});
  // Cut as bytes, normalised as patches: the copy moves a quarter of the data.
  if (images.scalar_type() == torch::kUInt8) cut = (cut - options.mean) / options.std;
  return cut.view({B * n * n, C * P * P}).to(options.dtype);
}

}  // namespace tandem::kernels
