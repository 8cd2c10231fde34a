#pragma once

#include <torch/types.h>

#include "tandem/config/model_options.h"

/// Passes over rows [T, D] that a transformer makes between its products, each in one go on a GPU
/// with its gradient, fp32 or bf16 with sums in fp32. The ATen form is what runs elsewhere; a test
/// holds both equal. All may be differentiated.
namespace tandem::kernels {

struct NormedSum {
  torch::Tensor sum;     ///< x + residual.
  torch::Tensor normed;  ///< LayerNorm of it.
};
struct NormParameters {
  torch::Tensor weight;  ///< [D]
  torch::Tensor bias;    ///< [D]
  double eps;
};
/// Returns x + residual and its LayerNorm over the last dimension.
[[nodiscard]] NormedSum add_layer_norm(const torch::Tensor& x, const torch::Tensor& residual,
                                       const NormParameters& norm);
[[nodiscard]] NormedSum add_layer_norm_aten(const torch::Tensor& x, const torch::Tensor& residual,
                                            const NormParameters& norm);

/// Returns exact (erf) GELU of x, its tanh form, or x · sigmoid(1.702 x).
[[nodiscard]] torch::Tensor activate(const torch::Tensor& x, Activation activation);
/// Returns activate(x + bias) for x [T, D] and bias [D].
[[nodiscard]] torch::Tensor bias_activation(const torch::Tensor& x, const torch::Tensor& bias,
                                            Activation activation);
[[nodiscard]] torch::Tensor bias_activation_aten(const torch::Tensor& x, const torch::Tensor& bias,
                                                 Activation activation);

/// Returns square patches of pictures [B, C, S, S] in bytes, row by row, as (value − mean) / std of
/// their channel: [B · ⌊S / patch⌋², C · patch²] of `dtype`. Pixels left over at the right and the
/// bottom are not seen, as by a convolution. Not differentiated.
struct PatchOptions {
  int64_t patch;
  torch::Tensor mean;  ///< fp32 [C, 1], of bytes.
  torch::Tensor std;   ///< fp32 [C, 1]
  torch::ScalarType dtype;
};
[[nodiscard]] torch::Tensor patches(const torch::Tensor& images, const PatchOptions& options);
[[nodiscard]] torch::Tensor patches_aten(const torch::Tensor& images, const PatchOptions& options);

/// Whether these passes have a fused form for this tensor in this build.
[[nodiscard]] bool is_fused_for(const torch::Tensor& x);

}  // namespace tandem::kernels
