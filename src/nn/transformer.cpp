#include "tandem/nn/transformer.h"

#include <string>
#include <utility>

#include "nn/recompute.h"

namespace tandem {
namespace {

AttentionOptions attention_options(const TransformerOptions& options) {
  return {.width = options.width,
          .heads = options.heads,
          .causal = options.causal,
          .dropout = options.attention_dropout};
}

// The rows of `values` [B, D] that belong to the rows of the layout, or to those of them that
// `rows` names: [R, D].
torch::Tensor by_row(const torch::Tensor& values, const SequenceLayout& layout,
                     const torch::Tensor& rows) {
  const int64_t length = layout.max_length;
  const torch::Tensor places = layout.padded_places(rows);
  if (places.defined()) return values.index_select(0, places.div(length, "floor"));
  return values.unsqueeze(1).expand({-1, length, -1}).reshape({-1, values.size(1)});
}

// What enters a branch.
torch::Tensor modulated(torch::Tensor x, const Modulation& modulation, const SequenceLayout& layout,
                        const torch::Tensor& rows = {}) {
  if (modulation.scale.defined()) x = x * (1 + by_row(modulation.scale, layout, rows));
  if (modulation.shift.defined()) x = x + by_row(modulation.shift, layout, rows);
  return x;
}

// What leaves it.
torch::Tensor gated(const torch::Tensor& x, const Modulation& modulation,
                    const SequenceLayout& layout, const torch::Tensor& rows) {
  return modulation.gate.defined() ? x * by_row(modulation.gate, layout, rows) : x;
}

bool is_given(const Modulation& modulation) {
  return modulation.shift.defined() || modulation.scale.defined() || modulation.gate.defined();
}

}  // namespace

BlockImpl::BlockImpl(const TransformerOptions& options, std::shared_ptr<DropoutStream> stream,
                     const BlockImpl* shared)
    : options_(options), dropout_(options.dropout, stream) {
  const int64_t width = options.width;
  attention = register_module("attention", Attention(attention_options(options), stream));
  attention_norm = register_module("attention_norm", LayerNorm(width, options.norm_eps));
  if (shared != nullptr) {
    cross_attention = shared->cross_attention;
    cross_attention_norm = shared->cross_attention_norm;
    mlp_in = shared->mlp_in;
    mlp_out = shared->mlp_out;
    mlp_norm = shared->mlp_norm;
    return;
  }
  if (options.context_width > 0) {
    AttentionOptions crossing = attention_options(options);
    crossing.causal = false;
    cross_attention =
        register_module("cross_attention", CrossAttention(crossing, options.context_width, stream));
    cross_attention_norm =
        register_module("cross_attention_norm", LayerNorm(width, options.norm_eps));
  }
  mlp_in = register_module("mlp_in", Linear(width, options.mlp_width));
  mlp_out = register_module("mlp_out", Linear(options.mlp_width, width));
  mlp_norm = register_module("mlp_norm", LayerNorm(width, options.norm_eps));
}

torch::Tensor BlockImpl::mlp(const torch::Tensor& x) {
  return mlp_out(mlp_in->activated(x, options_.activation));
}

torch::Tensor BlockImpl::attend_to_context(const torch::Tensor& x, const SequenceLayout& layout,
                                           const BlockInputs& inputs) {
  KeyValueCache made;
  KeyValueCache& context = inputs.cache != nullptr ? inputs.cache->context : made;
  if (context.is_empty())
    context = cross_attention->keys_values(inputs.context, inputs.context_layout);
  return cross_attention(x, layout, context, inputs.output_rows);
}

// The sum after a branch, and what enters the next one.
struct BlockImpl::Residual {
  torch::Tensor sum;
  torch::Tensor next;
};

BlockImpl::Residual BlockImpl::add(const torch::Tensor& x, const torch::Tensor& branch,
                                   const LayerNorm& before, const LayerNorm& after) const {
  if (options_.norm_order == NormOrder::kPre) {
    auto [sum, normed] = before->add_and_norm(x, branch);
    return {.sum = std::move(sum), .next = std::move(normed)};
  }
  const torch::Tensor sum = after->add_and_norm(x, branch).second;
  return {.sum = sum, .next = sum};
}

torch::Tensor BlockImpl::forward(torch::Tensor x, const SequenceLayout& layout,
                                 const BlockInputs& inputs) {
  const bool pre = options_.norm_order == NormOrder::kPre;
  const auto& [at_attention, at_cross, at_mlp] = inputs.modulation;
  TORCH_CHECK(pre || !(is_given(at_attention) || is_given(at_cross) || is_given(at_mlp)),
              "only blocks with the norm before each branch can be modulated");
  TORCH_CHECK(cross_attention || !inputs.context.defined(),
              "a context for a block without cross attention");
  const torch::Tensor& rows = inputs.output_rows;
  const bool crosses =
      inputs.context.defined() || (inputs.cache != nullptr && !inputs.cache->context.is_empty());
  KeyValueCache* const past = inputs.cache != nullptr ? &inputs.cache->past : nullptr;
  // Cross attention needs the rows of whole sequences: it is the last one that selects.
  const torch::Tensor first_rows = crosses ? torch::Tensor() : rows;
  torch::Tensor branch =
      dropout_(attention(pre ? modulated(attention_norm(x), at_attention, layout) : x, layout,
                         first_rows, past),
               is_training());
  branch = gated(branch, at_attention, layout, first_rows);
  x = select_rows(x, first_rows);
  if (crosses) {
    auto [sum, next] = add(x, branch, cross_attention_norm, attention_norm);
    branch = dropout_(attend_to_context(modulated(next, at_cross, layout), layout, inputs),
                      is_training());
    branch = gated(branch, at_cross, layout, rows);
    x = select_rows(sum, rows);
  }
  const auto [sum, next] =
      add(x, branch, mlp_norm, crosses ? cross_attention_norm : attention_norm);
  branch = dropout_(mlp(modulated(next, at_mlp, layout, rows)), is_training());
  branch = gated(branch, at_mlp, layout, rows);
  return pre ? sum + branch : mlp_norm->add_and_norm(sum, branch).second;
}

TransformerImpl::TransformerImpl(const TransformerOptions& options,
                                 std::shared_ptr<DropoutStream> stream,
                                 const TransformerImpl* shared)
    : stream_(std::move(stream)) {
  for (int64_t layer = 0; layer < options.layers; ++layer) {
    const BlockImpl* const same = shared != nullptr ? shared->block(layer).get() : nullptr;
    blocks_.push_back(register_module(std::to_string(layer), Block(options, stream_, same)));
    blocks_.back()->set_layer(layer + 1);
  }
}

torch::Tensor TransformerImpl::run(Block block, const torch::Tensor& x,
                                   const SequenceLayout& layout, const BlockInputs& inputs) {
  if (!recomputes_ || inputs.cache != nullptr) return block(x, layout, inputs);
  auto forward = [block, layout, inputs = inputs](const std::vector<torch::Tensor>& kept) mutable {
    if (kept.size() > 1) inputs.context = kept[1];
    return block(kept[0], layout, inputs);
  };
  std::vector<torch::Tensor> kept = {x};
  if (inputs.context.defined()) kept.push_back(inputs.context);
  return recomputed(forward, kept, stream_);
}

torch::Tensor TransformerImpl::forward(torch::Tensor x, const SequenceLayout& layout,
                                       const TransformerInputs& inputs) {
  const size_t count = blocks_.size();
  if (blocks_.empty()) x = select_rows(x, inputs.output_rows);
  if (inputs.states) inputs.states->push_back(x);
  if (inputs.cache) inputs.cache->blocks.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const BlockInputs each{.output_rows = i + 1 == count ? inputs.output_rows : torch::Tensor(),
                           .context = inputs.context,
                           .context_layout = inputs.context_layout,
                           .cache = inputs.cache ? &inputs.cache->blocks[i] : nullptr};
    x = run(blocks_[i], x, layout, each);
    if (inputs.states) inputs.states->push_back(x);
  }
  return x;
}

}  // namespace tandem
