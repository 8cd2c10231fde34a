#include "tandem/nn/transformer.h"

#include <cmath>

#include <ATen/ops/scaled_dot_product_attention.h>

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

torch::Tensor unpad_rows(const torch::Tensor& rows, const SequenceLayout& layout) {
  if (!layout.padded_index.defined()) return rows;
  return rows.index_select(0, layout.padded_index);  // [T, D]
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

torch::nn::LayerNorm make_norm(int64_t width, double eps) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(eps));
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
          .key_mask = mask.view({count, 1, 1, max_length})};
}

AttentionImpl::AttentionImpl(const TransformerOptions& options,
                             std::shared_ptr<DropoutStream> stream)
    : options_(options), stream_(std::move(stream)) {
  qkv = register_module("qkv", Linear(options.width, 3 * options.width));
  output = register_module("output", Linear(options.width, options.width));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const SequenceLayout& layout) {
  const int64_t head_dim = options_.width / options_.heads;
  const torch::Tensor split =
      pad_rows(qkv(x), layout)
          .view({layout.count, layout.max_length, 3, options_.heads, head_dim})
          .permute({2, 0, 3, 1, 4});  // [3, B, H, L, Dh]
  const torch::Tensor q = split[0], k = split[1], v = split[2];
  const torch::Tensor mask = attention_mask(layout, options_.causal, x.device());
  torch::Tensor mixed;  // [B, H, L, Dh]
  if (is_training() && options_.attention_dropout > 0.0) {
    // The fused operator draws its mask from the global generator, so the sum is written out here.
    torch::Tensor scores = torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(double(head_dim));
    if (mask.defined()) scores = scores.masked_fill(mask.logical_not(), -INFINITY);
    const Dropout drop(options_.attention_dropout, stream_);
    mixed = torch::matmul(drop(scores.softmax(-1), true), v);
  } else {
    mixed = at::scaled_dot_product_attention(
        q, k, v, mask.defined() ? std::optional<torch::Tensor>(mask) : std::nullopt);
  }
  const torch::Tensor rows =
      mixed.transpose(1, 2).reshape({layout.count * layout.max_length, options_.width});
  return output(unpad_rows(rows, layout));  // [T, D]
}

BlockImpl::BlockImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream)
    : options_(options), dropout_(options.dropout, stream) {
  attention = register_module("attention", Attention(options, std::move(stream)));
  attention_norm = register_module("attention_norm", make_norm(options.width, options.norm_eps));
  mlp_in = register_module("mlp_in", Linear(options.width, options.mlp_width));
  mlp_out = register_module("mlp_out", Linear(options.mlp_width, options.width));
  mlp_norm = register_module("mlp_norm", make_norm(options.width, options.norm_eps));
}

torch::Tensor BlockImpl::mlp(const torch::Tensor& x) {
  return mlp_out(mlp_in->activated(x, options_.activation));
}

torch::Tensor BlockImpl::forward(torch::Tensor x, const SequenceLayout& layout) {
  if (options_.norm_order == NormOrder::kPre) {
    x = x + dropout_(attention(attention_norm(x), layout), is_training());
    return x + dropout_(mlp(mlp_norm(x)), is_training());
  }
  x = attention_norm(x + dropout_(attention(x, layout), is_training()));
  return mlp_norm(x + dropout_(mlp(x), is_training()));
}

TransformerImpl::TransformerImpl(const TransformerOptions& options,
                                 std::shared_ptr<DropoutStream> stream) {
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    blocks_.push_back(register_module(std::to_string(layer), Block(options, stream)));
  }
}

torch::Tensor TransformerImpl::forward(torch::Tensor x, const SequenceLayout& layout,
                                       std::vector<torch::Tensor>* states) {
  if (states) states->push_back(x);
  for (Block& each : blocks_) {
    x = each(x, layout);
    if (states) states->push_back(x);
  }
  return x;
}

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kGelu: return at::gelu(x);
    case Activation::kGeluTanh: return at::gelu(x, "tanh");
    case Activation::kQuickGelu: return x * torch::sigmoid(1.702 * x);
  }
  TORCH_CHECK(false, "unknown activation ", static_cast<int>(activation));
}

}  // namespace tandem
