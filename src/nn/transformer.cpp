#include "tandem/nn/transformer.h"

#include <cmath>

#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include "nn/recompute.h"
#include "tandem/core/device.h"

namespace tandem {
namespace {

// Rows of the packed form, laid out with every sequence at the full length; the gaps hold zeros.
torch::Tensor pad_rows(const torch::Tensor& rows, const SequenceLayout& layout) {
  if (!layout.padded_index.defined()) return rows;
  torch::Tensor padded =
      torch::zeros({layout.count * layout.max_length, rows.size(1)}, rows.options());
  return padded.index_copy(0, layout.padded_index, rows);  // [B * L, D]
}

// The rows named, or all of them.
torch::Tensor select_rows(const torch::Tensor& rows, const torch::Tensor& wanted) {
  return wanted.defined() ? rows.index_select(0, wanted) : rows;
}

// Where the rows of the packed form that are wanted stand in the padded one; undefined: all of it.
torch::Tensor padded_places(const torch::Tensor& wanted, const SequenceLayout& layout) {
  return layout.padded_index.defined() ? select_rows(layout.padded_index, wanted) : wanted;
}

// True where query i may see key j.
torch::Tensor attention_mask(const SequenceLayout& layout, bool causal,
                             const torch::Device& device) {
  if (!causal) return layout.key_mask;
  const int64_t length = layout.max_length;
  const torch::Tensor past =
      torch::ones({length, length}, torch::dtype(torch::kBool).device(device)).tril();
  return layout.key_mask.defined() ? past & layout.key_mask : past;
}

struct Heads {
  torch::Tensor q, k, v;
};

// The three parts of [T, 3 * D], in place, each with the shape given. Chunks, because their
// gradients meet in one concatenation; three selects would add up three matrices of mostly zeros.
Heads split_heads(const torch::Tensor& qkv, at::IntArrayRef shape) {
  const std::vector<torch::Tensor> parts = qkv.chunk(3, 1);
  return {.q = parts[0].view(shape), .k = parts[1].view(shape), .v = parts[2].view(shape)};
}

// Attention that reads the packed rows where they lie: FlashAttention's form for texts of several
// lengths. Dao et al., arXiv:2205.14135; on GPUs, in 16 bits.
bool attends_packed(const torch::Tensor& qkv, const SequenceLayout& layout, int64_t head_dim) {
  constexpr int64_t kLargestHead = 256, kHeadUnit = 8;
  return qkv.is_cuda() && layout.cu_seqlens.defined() && head_dim <= kLargestHead &&
         head_dim % kHeadUnit == 0 &&
         (qkv.scalar_type() == torch::kBFloat16 || qkv.scalar_type() == torch::kFloat16);
}

torch::Tensor packed_attention(const Heads& heads, const SequenceLayout& layout, bool causal) {
  const auto& bounds = layout.cu_seqlens;
  return std::get<0>(at::_flash_attention_forward(
      heads.q, heads.k, heads.v, bounds, bounds, layout.max_length, layout.max_length,
      /*dropout_p=*/0.0, causal, /*return_debug_mask=*/false));  // [T, H, Dh]
}

}  // namespace

SequenceLayout SequenceLayout::equal(int64_t count, int64_t length) {
  return {.count = count, .max_length = length, .padded_index = {}, .key_mask = {}};
}

SequenceLayout SequenceLayout::packed(const torch::Tensor& cu_seqlens, int64_t max_length,
                                      int64_t total) {
  const int64_t count = cu_seqlens.size(0) - 1;
  if (total == count * max_length) return equal(count, max_length);
  const torch::Tensor bounds = cu_seqlens.to(torch::kInt64);
  const torch::Tensor lengths = bounds.diff();  // [B]
  const auto integers = bounds.options();
  // Row t of sequence b moves from bounds[b] + i to b * L + i.
  const torch::Tensor shift =
      torch::arange(count, integers) * max_length - bounds.slice(0, 0, count);
  const torch::Tensor index =
      torch::arange(total, integers) + torch::repeat_interleave(shift, lengths, 0, total);
  const torch::Tensor mask = torch::arange(max_length, integers) < lengths.unsqueeze(1);  // [B, L]
  return {.count = count,
          .max_length = max_length,
          .padded_index = index,
          .cu_seqlens = cu_seqlens,
          .key_mask = mask.view({count, 1, 1, max_length})};
}

AttentionImpl::AttentionImpl(const TransformerOptions& options,
                             std::shared_ptr<DropoutStream> stream)
    : options_(options), stream_(std::move(stream)) {
  qkv = register_module("qkv", Linear(options.width, 3 * options.width));
  output = register_module("output", Linear(options.width, options.width));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const SequenceLayout& layout,
                                     const torch::Tensor& wanted) {
  const int64_t head_dim = options_.width / options_.heads;
  const torch::Tensor projected = qkv(x);  // [T, 3 * D]
  const bool drops = is_training() && options_.attention_dropout > 0.0;
  if (!drops && attends_packed(projected, layout, head_dim)) {
    const torch::Tensor mixed = packed_attention(
        split_heads(projected, {-1, options_.heads, head_dim}), layout, options_.causal);
    return output(select_rows(mixed.reshape({-1, options_.width}), wanted));  // [R, D]
  }
  const Heads heads = split_heads(pad_rows(projected, layout),
                                  {layout.count, layout.max_length, options_.heads, head_dim});
  const torch::Tensor q = heads.q.transpose(1, 2), k = heads.k.transpose(1, 2),
                      v = heads.v.transpose(1, 2);  // [B, H, L, Dh]
  const torch::Tensor mask = attention_mask(layout, options_.causal, x.device());
  torch::Tensor mixed;  // [B, H, L, Dh]
  if (drops) {
    // The fused operator draws its mask from the global generator, so the sum is written out here.
    torch::Tensor scores = torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(double(head_dim));
    if (mask.defined()) scores = scores.masked_fill(mask.logical_not(), -INFINITY);
    const Dropout drop(options_.attention_dropout, stream_);
    mixed = torch::matmul(drop(scores.softmax(-1), true), v);
  } else {
    // Only without a mask of its own can the operator take its fastest way.
    const bool only_causal = options_.causal && !layout.key_mask.defined();
    const bool masked = mask.defined() && !only_causal;
    mixed = at::scaled_dot_product_attention(
        q, k, v, masked ? std::optional<torch::Tensor>(mask) : std::nullopt, /*dropout_p=*/0.0,
        only_causal);
  }
  const torch::Tensor rows =
      mixed.transpose(1, 2).reshape({layout.count * layout.max_length, options_.width});
  return output(select_rows(rows, padded_places(wanted, layout)));  // [R, D]
}

BlockImpl::BlockImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream)
    : options_(options), dropout_(options.dropout, stream) {
  attention = register_module("attention", Attention(options, std::move(stream)));
  attention_norm = register_module("attention_norm", LayerNorm(options.width, options.norm_eps));
  mlp_in = register_module("mlp_in", Linear(options.width, options.mlp_width));
  mlp_out = register_module("mlp_out", Linear(options.mlp_width, options.width));
  mlp_norm = register_module("mlp_norm", LayerNorm(options.width, options.norm_eps));
}

torch::Tensor BlockImpl::mlp(const torch::Tensor& x) {
  return mlp_out(mlp_in->activated(x, options_.activation));
}

torch::Tensor BlockImpl::forward(torch::Tensor x, const SequenceLayout& layout,
                                 const torch::Tensor& wanted) {
  const bool pre = options_.norm_order == NormOrder::kPre;
  const torch::Tensor mixed =
      dropout_(attention(pre ? attention_norm(x) : x, layout, wanted), is_training());  // [R, D]
  x = select_rows(x, wanted);
  if (pre) {
    const auto [sum, normed] = mlp_norm->add_and_norm(x, mixed);
    return sum + dropout_(mlp(normed), is_training());
  }
  x = attention_norm->add_and_norm(x, mixed).second;
  return mlp_norm->add_and_norm(x, dropout_(mlp(x), is_training())).second;
}

TransformerImpl::TransformerImpl(const TransformerOptions& options,
                                 std::shared_ptr<DropoutStream> stream)
    : stream_(std::move(stream)) {
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    blocks_.push_back(register_module(std::to_string(layer), Block(options, stream_)));
    blocks_.back()->set_layer(layer + 1);
  }
}

torch::Tensor TransformerImpl::run(const Block& block, const torch::Tensor& x,
                                   const SequenceLayout& layout, const torch::Tensor& wanted) {
  auto forward = [block = block, layout, wanted](const torch::Tensor& rows) mutable {
    return block(rows, layout, wanted);
  };
  return recomputes_ ? recomputed(forward, x, stream_) : forward(x);
}

torch::Tensor TransformerImpl::forward(torch::Tensor x, const SequenceLayout& layout,
                                       const torch::Tensor& wanted,
                                       std::vector<torch::Tensor>* states) {
  if (blocks_.empty()) x = select_rows(x, wanted);
  if (states) states->push_back(x);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const bool last = i + 1 == blocks_.size();
    x = run(blocks_[i], x, layout, last ? wanted : torch::Tensor());
    if (states) states->push_back(x);
  }
  return x;
}

}  // namespace tandem
