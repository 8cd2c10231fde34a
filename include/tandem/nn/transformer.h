#pragma once

#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/nn/dropout.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/parameter_role.h"

namespace tandem {

/// How the rows of a packed [T, D] tensor divide into sequences.
struct SequenceLayout {
  int64_t count = 0;       ///< B, the number of sequences.
  int64_t max_length = 0;  ///< L, tokens of the longest one.
  torch::Tensor padded_index =
      {};  ///< int64 [T]: where row t stands among the B * L rows of the padded
           ///< form. Undefined when every sequence has L tokens: T = B * L.
  torch::Tensor cu_seqlens =
      {};                       ///< int32 [B + 1], boundaries of the sequences; undefined as above.
  torch::Tensor key_mask = {};  ///< bool [B, 1, 1, L]: which tokens may be attended to. Undefined
                                ///< when all may.

  /// B sequences of L rows each.
  [[nodiscard]] static SequenceLayout equal(int64_t count, int64_t length);
  /// Sequences with the boundaries `cu_seqlens` (int32 [B + 1]), `total` rows in all. Made once,
  /// used by every block.
  [[nodiscard]] static SequenceLayout packed(const torch::Tensor& cu_seqlens, int64_t max_length,
                                             int64_t total);
};

struct TransformerOptions {
  int64_t width = 128;
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t mlp_width = 512;
  Activation activation = Activation::kGelu;
  NormOrder norm_order = NormOrder::kPre;
  double norm_eps = 1e-5;
  bool causal = false;
  double dropout = 0.0;
  double attention_dropout = 0.0;
};

/// Multi-head self-attention with one fused projection. Rows of qkv's weight: queries, keys,
/// values, each head by head. Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.
class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream);
  /// Returns [T, D] for rows x [T, D], or [R, D], those of `wanted` (int64 [R]) alone, if it is
  /// defined. A row attends within its own sequence only.
  torch::Tensor forward(const torch::Tensor& x, const SequenceLayout& layout,
                        const torch::Tensor& wanted = {});

  Linear qkv{nullptr};
  Linear output{nullptr};

 private:
  TransformerOptions options_;
  std::shared_ptr<DropoutStream> stream_;
};
TORCH_MODULE(Attention);

/// Attention and MLP with residuals; LayerNorm before each (kPre) or after each sum (kPost).
class BlockImpl : public ModuleWithRoles {
 public:
  BlockImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream);
  /// Returns [T, D] for rows x [T, D], or [R, D], those of `wanted` alone, as above.
  torch::Tensor forward(torch::Tensor x, const SequenceLayout& layout,
                        const torch::Tensor& wanted = {});

  Attention attention{nullptr};
  LayerNorm attention_norm{nullptr};
  Linear mlp_in{nullptr};
  Linear mlp_out{nullptr};
  LayerNorm mlp_norm{nullptr};

 private:
  torch::Tensor mlp(const torch::Tensor& x);

  TransformerOptions options_;
  Dropout dropout_;
};
TORCH_MODULE(Block);

/// A stack of blocks, registered as `0`, `1`, …. Block i is layer i + 1.
class TransformerImpl : public torch::nn::Module {
 public:
  TransformerImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream);
  /// Returns [T, D] for rows x [T, D], or [R, D], those of `wanted` (int64 [R]) alone, if it is
  /// defined: nothing behind the last block's attention is computed for the others. Appends to
  /// `states`, if given, what enters the first block and what leaves each: layers() + 1 tensors.
  torch::Tensor forward(torch::Tensor x, const SequenceLayout& layout,
                        const torch::Tensor& wanted = {},
                        std::vector<torch::Tensor>* states = nullptr);
  /// From now on a forward pass under autograd keeps only what enters each block; the backward pass
  /// computes the rest again, with the same masks of dropout: memory for a third more time. Chen et
  /// al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. Gradients reach
  /// parameters through backward() only, not through torch::autograd::grad.
  void recompute_activations(bool on) { recomputes_ = on; }
  [[nodiscard]] int64_t layers() const { return static_cast<int64_t>(blocks_.size()); }
  [[nodiscard]] Block block(int64_t index) const { return blocks_.at(static_cast<size_t>(index)); }

 private:
  torch::Tensor run(const Block& block, const torch::Tensor& x, const SequenceLayout& layout,
                    const torch::Tensor& wanted);

  std::vector<Block> blocks_;
  std::shared_ptr<DropoutStream> stream_;
  bool recomputes_ = false;
};
TORCH_MODULE(Transformer);

}  // namespace tandem
