#pragma once

#include <atomic>
#include <memory>

#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/nn/parameter_role.h"

namespace tandem {

namespace kernels {
class PackedLinear;
class QuantizedLinear;
}  // namespace kernels

/// y = x · weightᵀ + bias. Unlike torch::nn::Linear it draws no numbers when made: weights hold
/// nothing until init_parameters or a checkpoint fills them. The weight is decayed and begins with
/// normal numbers, the bias is not and begins with 0.
class LinearImpl : public ModuleWithRoles {
 public:
  LinearImpl(int64_t input_dim, int64_t output_dim, bool with_bias = true);
  /// Returns [..., output_dim] for x [..., input_dim].
  torch::Tensor forward(const torch::Tensor& x) const;
  /// Returns the activation of forward(x): exact (erf) GELU, its tanh form, or x · sigmoid(1.702
  /// x); in one pass where the layer is packed, or with the bias on a GPU.
  torch::Tensor activated(const torch::Tensor& x, Activation activation) const;
  /// Makes a second form of the weight, where inference on this CPU reads one faster; forward uses
  /// it outside autograd. `weight` and `bias` must not change from then on; packing again does
  /// nothing, nor does packing a layer that is quantized. Other threads may be in forward
  /// meanwhile, none in pack.
  void pack();
  /// Makes an 8-bit form of the weight (kernels/linear/quantized_linear.h) that forward uses
  /// outside autograd from then on, on the CPU. Returns whether there is one. No other thread may
  /// use the layer meanwhile.
  bool quantize();

  torch::Tensor weight;  ///< [output_dim, input_dim]
  torch::Tensor bias;    ///< [output_dim], or undefined

 private:
  std::shared_ptr<const kernels::PackedLinear> packed_owner_;
  std::atomic<const kernels::PackedLinear*> packed_{nullptr};
  std::shared_ptr<const kernels::QuantizedLinear> quantized_;
};
TORCH_MODULE(Linear);

/// Packs every Linear of `module`. Worth its time, about that of one small batch, where batches
/// follow.
void pack_linears(torch::nn::Module& module);

/// Quantizes every Linear of the blocks of `module`'s transformers; embeddings, heads and
/// projectors keep their precision. Returns how many layers were: 0 where there are no 8-bit
/// products.
int64_t quantize_blocks(torch::nn::Module& module);

}  // namespace tandem
