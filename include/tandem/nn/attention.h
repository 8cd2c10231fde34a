#pragma once

#include <memory>

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include "tandem/nn/dropout.h"
#include "tandem/nn/key_value_cache.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/sequence_layout.h"

namespace tandem {

/// Queries, keys and values of B sequences at their full lengths, head by head.
struct Heads {
  torch::Tensor queries;  ///< [B, heads, Lq, head_dim]
  torch::Tensor keys;     ///< [B, heads, Lk, head_dim]
  torch::Tensor values;   ///< [B, heads, Lk, head_dim]
};

struct AttendOptions {
  bool causal = false;      ///< Whether query i sees the keys up to i + Lk − Lq only: the queries
                            ///< belong to the last Lq keys.
  torch::Tensor mask = {};  ///< bool, broadcast to [B, heads, Lq, Lk]: true where a query may see a
                            ///< key. Undefined: everywhere.
  double dropout = 0.0;     ///< Share of attention weights dropped; 0 outside training.
  std::shared_ptr<DropoutStream> stream = {};  ///< What draws them; needed with dropout.
};

/// Returns softmax(queries · keysᵀ / √head_dim) · values, [B, heads, Lq, head_dim]. A query that
/// may see no key gives zeros, and gradients of zero. Vaswani et al., "Attention Is All You Need",
/// arXiv:1706.03762.
[[nodiscard]] torch::Tensor attend(const Heads& heads, const AttendOptions& options = {});

struct AttentionOptions {
  int64_t width = 128;
  int64_t heads = 4;     ///< Must divide width.
  bool causal = false;   ///< Whether a row sees only itself and those before it.
  double dropout = 0.0;  ///< Share of attention weights dropped in training.
};

/// Multi-head self-attention with one fused projection. Rows of qkv's weight: queries, keys,
/// values, each head by head.
class AttentionImpl : public torch::nn::Module {
 public:
  AttentionImpl(const AttentionOptions& options, std::shared_ptr<DropoutStream> stream);
  /// Returns [T, D] for rows x [T, D], or [R, D] for the rows `output_rows` (int64 [R]) alone, if
  /// it is defined. A row attends within its own sequence only. With a `cache`, x holds the new
  /// rows of each sequence: they are appended to it and attend to all that it holds.
  torch::Tensor forward(const torch::Tensor& x, const SequenceLayout& layout,
                        const torch::Tensor& output_rows = {}, KeyValueCache* cache = nullptr);

  Linear qkv{nullptr};
  Linear output{nullptr};

 private:
  AttentionOptions options_;
  std::shared_ptr<DropoutStream> stream_;
};
TORCH_MODULE(Attention);

/// Multi-head attention of one batch of sequences to another, the contexts. Rows of key_value's
/// weight: keys, values, each head by head.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  /// Rows of the context are `context_width` wide. `options.causal` must be false.
  CrossAttentionImpl(const AttentionOptions& options, int64_t context_width,
                     std::shared_ptr<DropoutStream> stream);
  /// Returns the keys and values of context rows [C, context_width]: made once, used by every
  /// forward pass that reads them.
  [[nodiscard]] KeyValueCache keys_values(const torch::Tensor& context,
                                          const SequenceLayout& context_layout);
  /// Returns [T, D] for rows x [T, D], or [R, D] for the rows `output_rows` (int64 [R]) alone, if
  /// it is defined. There are as many sequences as contexts, or m times as many: then sequences
  /// b · m to b · m + m - 1 attend to context b, which is not copied. Where a context is empty, the
  /// result is output's bias. Throws c10::Error for another count.
  torch::Tensor forward(const torch::Tensor& x, const SequenceLayout& layout,
                        const KeyValueCache& context, const torch::Tensor& output_rows = {});

  Linear query{nullptr};
  Linear key_value{nullptr};
  Linear output{nullptr};

 private:
  AttentionOptions options_;
  std::shared_ptr<DropoutStream> stream_;
};
TORCH_MODULE(CrossAttention);

}  // namespace tandem
