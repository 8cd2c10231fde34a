#pragma once

#include <memory>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/nn/attention.h"
#include "tandem/nn/dropout.h"
#include "tandem/nn/key_value_cache.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/parameter_role.h"
#include "tandem/nn/sequence_layout.h"

namespace tandem {

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
  int64_t context_width = 0;  ///< Width of the context that blocks attend to as well, by cross
                              ///< attention between self-attention and MLP; 0: they have none.
};

/// What changes one branch of a block, by sequence: branch(norm(x) · (1 + scale) + shift) · gate is
/// added to x. Each is [B, width], or undefined, which leaves it out. Peebles and Xie, "Scalable
/// Diffusion Models with Transformers", arXiv:2212.09748.
struct Modulation {
  torch::Tensor shift = {};
  torch::Tensor scale = {};
  torch::Tensor gate = {};
};

struct BlockModulation {
  Modulation attention = {};
  Modulation cross_attention = {};
  Modulation mlp = {};
};

/// What a block reads beside its rows.
struct BlockInputs {
  torch::Tensor output_rows = {};      ///< int64 [R]: the rows to return; undefined: all.
  torch::Tensor context = {};          ///< [C, context_width]. Undefined: cross attention is left
                                       ///< out, unless `cache` holds the context.
  SequenceLayout context_layout = {};  ///< How the context divides into as many sequences, or one
                                       ///< for each m of them: CrossAttentionImpl::forward.
  BlockModulation modulation = {};     ///< Of pre-norm blocks (kPre) only.
  BlockCache* cache = nullptr;  ///< Of decoding: what earlier steps left and this one adds to.
};

/// Self-attention, cross attention if there is a context, and MLP, with residuals; LayerNorm before
/// each (kPre) or after each sum (kPost).
class BlockImpl : public ModuleWithRoles {
 public:
  /// With `shared`, a block of the same options, all but self-attention and its norm are the
  /// modules of that block, which alone registers them.
  BlockImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream,
            const BlockImpl* shared = nullptr);
  /// Returns [T, D] for rows x [T, D], or [R, D], those of `inputs.output_rows` alone.
  torch::Tensor forward(torch::Tensor x, const SequenceLayout& layout,
                        const BlockInputs& inputs = {});

  Attention attention{nullptr};
  LayerNorm attention_norm{nullptr};
  CrossAttention cross_attention{nullptr};  ///< Null without context_width.
  LayerNorm cross_attention_norm{nullptr};  ///< Likewise.
  Linear mlp_in{nullptr};
  Linear mlp_out{nullptr};
  LayerNorm mlp_norm{nullptr};

 private:
  struct Residual;

  torch::Tensor attend_to_context(const torch::Tensor& x, const SequenceLayout& layout,
                                  const BlockInputs& inputs);
  torch::Tensor mlp(const torch::Tensor& x);
  [[nodiscard]] Residual add(const torch::Tensor& x, const torch::Tensor& branch,
                             const LayerNorm& before, const LayerNorm& after) const;

  TransformerOptions options_;
  Dropout dropout_;
};
TORCH_MODULE(Block);

/// What a transformer reads beside its rows, and where it leaves what it makes on the way.
struct TransformerInputs {
  torch::Tensor output_rows = {};      ///< int64 [R]: the rows to return; undefined: all. Nothing
                                       ///< after the last attention is computed for the others.
  torch::Tensor context = {};          ///< [C, context_width], as in BlockInputs.
  SequenceLayout context_layout = {};  ///< Likewise.
  DecodingCache* cache = nullptr;      ///< Of decoding; filled by the first step.
  std::vector<torch::Tensor>* states =
      nullptr;  ///< If given, what enters the first block and what leaves each is appended to it:
                ///< layers() + 1 tensors.
};

/// A stack of blocks, registered as `0`, `1`, …. Block i is layer i + 1.
class TransformerImpl : public torch::nn::Module {
 public:
  /// With `shared`, block i shares its modules with block i of that transformer (BlockImpl). Both
  /// must then have one stream.
  TransformerImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream,
                  const TransformerImpl* shared = nullptr);
  /// Returns [T, D] for rows x [T, D], or [R, D], those of `inputs.output_rows` alone.
  torch::Tensor forward(torch::Tensor x, const SequenceLayout& layout,
                        const TransformerInputs& inputs = {});
  /// From now on a forward pass under autograd keeps only what enters each block; the backward pass
  /// computes the rest again, with the same masks of dropout: memory for a third more time. Chen et
  /// al., "Training Deep Nets with Sublinear Memory Cost", arXiv:1604.06174. Gradients reach
  /// parameters through backward() only, not through torch::autograd::grad. A pass with a cache
  /// keeps everything.
  void recompute_activations(bool on) { recomputes_ = on; }
  [[nodiscard]] int64_t layers() const { return static_cast<int64_t>(blocks_.size()); }
  [[nodiscard]] Block block(int64_t index) const { return blocks_.at(static_cast<size_t>(index)); }

 private:
  torch::Tensor run(Block block, const torch::Tensor& x, const SequenceLayout& layout,
                    const BlockInputs& inputs);

  std::vector<Block> blocks_;
  std::shared_ptr<DropoutStream> stream_;
  bool recomputes_ = false;
};
TORCH_MODULE(Transformer);

}  // namespace tandem
