#pragma once

#include "kernels/rows/fused_rows.h"

/// kernels/rows/fused_rows.h on a GPU, as functions of autograd; only in builds with nvcc.
namespace tandem::kernels::cuda {

/// Whether x is a contiguous matrix of fp32 or bf16 on a GPU, in rows that packs of kPackBytes
/// fill.
[[nodiscard]] bool takes(const torch::Tensor& x);
[[nodiscard]] bool takes_bias(const torch::Tensor& x, const torch::Tensor& bias);
[[nodiscard]] bool takes_norm(const torch::Tensor& x, const torch::Tensor& residual,
                              const NormParameters& norm);

[[nodiscard]] NormedSum add_layer_norm(const torch::Tensor& x, const torch::Tensor& residual,
                                       const NormParameters& norm);
[[nodiscard]] torch::Tensor bias_activation(const torch::Tensor& x, const torch::Tensor& bias,
                                            Activation activation);
[[nodiscard]] bool takes_images(const torch::Tensor& images);
[[nodiscard]] torch::Tensor patches(const torch::Tensor& images, const PatchOptions& options);

}  // namespace tandem::kernels::cuda
