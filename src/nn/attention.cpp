#include "tandem/nn/attention.h"

#include <cmath>
#include <utility>
#include <vector>

#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/scaled_dot_product_attention.h>

namespace tandem {
namespace {

// Where a query may see a key: what both the mask and the order of the rows allow.
torch::Tensor visible_keys(const Heads& heads, const AttendOptions& options) {
  const int64_t queries = heads.queries.size(2), keys = heads.keys.size(2);
  if (!options.causal || queries == 1) return options.mask;  // The last key's query sees all.
  const torch::Tensor past =
      torch::ones({queries, keys}, torch::dtype(torch::kBool).device(heads.queries.device()))
          .tril(keys - queries);
  return options.mask.defined() ? past & options.mask : past;
}

// `attend` where every query sees a key.
torch::Tensor mix(const Heads& heads, const AttendOptions& options) {
  const auto& [q, k, v] = heads;
  if (options.dropout > 0.0) {
    // The fused operator draws its mask from the global generator, so the sum is written out here.
    const torch::Tensor mask = visible_keys(heads, options);
    torch::Tensor scores =
        torch::matmul(q, k.transpose(-2, -1)) / std::sqrt(static_cast<double>(q.size(3)));
    if (mask.defined()) scores = scores.masked_fill(mask.logical_not(), -INFINITY);
    const Dropout drop(options.dropout, options.stream);
    return torch::matmul(drop(scores.softmax(-1), true), v);
  }
  // Only without a mask can the operator take its fastest way.
  const bool only_causal = options.causal && !options.mask.defined() && q.size(2) == k.size(2);
  const torch::Tensor mask = only_causal ? torch::Tensor() : visible_keys(heads, options);
  return at::scaled_dot_product_attention(
      q, k, v, mask.defined() ? std::optional<torch::Tensor>(mask) : std::nullopt,
      /*dropout_p=*/0.0, only_causal);
}

// The `count` parts of [T, count * D], side by side, each with the shape given. Chunks, because
// their gradients meet in one concatenation; selects would add up matrices of mostly zeros.
std::vector<torch::Tensor> split_parts(const torch::Tensor& rows, int64_t count,
                                       at::IntArrayRef shape) {
  std::vector<torch::Tensor> parts = rows.chunk(count, 1);
  for (torch::Tensor& part : parts) part = part.view(shape);
  return parts;
}

// The `count` parts of packed rows [T, count * D]: [B, heads, L, head_dim] each.
std::vector<torch::Tensor> split_heads(const torch::Tensor& rows, int64_t count,
                                       const SequenceLayout& layout, int64_t heads) {
  const int64_t head_dim = rows.size(1) / count / heads;
  std::vector<torch::Tensor> parts =
      split_parts(layout.pad(rows), count, {layout.count, layout.max_length, heads, head_dim});
  for (torch::Tensor& part : parts) part = part.transpose(1, 2);
  return parts;
}

// The rows asked for of mixed values [B, heads, L, head_dim]: [R, D].
torch::Tensor join_heads(const torch::Tensor& mixed, const SequenceLayout& layout,
                         const torch::Tensor& output_rows) {
  const torch::Tensor rows = mixed.transpose(1, 2).reshape(
      {layout.count * layout.max_length, mixed.size(1) * mixed.size(3)});
  return select_rows(rows, layout.padded_places(output_rows));
}

// Whether attention reads the packed rows as they are: FlashAttention's form for texts of several
// lengths. Dao et al., arXiv:2205.14135; on GPUs, in 16 bits.
bool attends_packed(const torch::Tensor& rows, const SequenceLayout& layout, int64_t head_dim) {
  constexpr int64_t kLargestHead = 256, kHeadUnit = 8;
  return rows.is_cuda() && layout.cu_seqlens.defined() && head_dim <= kLargestHead &&
         head_dim % kHeadUnit == 0 &&
         (rows.scalar_type() == torch::kBFloat16 || rows.scalar_type() == torch::kFloat16);
}

// Self-attention of packed rows [T, 3 * D]: [T, heads, head_dim].
torch::Tensor packed_attention(const torch::Tensor& qkv, const SequenceLayout& layout,
                               const AttentionOptions& options) {
  const auto parts = split_parts(qkv, 3, {-1, options.heads, options.width / options.heads});
  const torch::Tensor& bounds = layout.cu_seqlens;
  return std::get<0>(at::_flash_attention_forward(
      parts[0], parts[1], parts[2], bounds, bounds, layout.max_length, layout.max_length,
      /*dropout_p=*/0.0, options.causal, /*return_debug_mask=*/false));
}

}  // namespace

torch::Tensor attend(const Heads& heads, const AttendOptions& options) {
  if (heads.keys.size(2) == 0) return torch::zeros_like(heads.queries);
  const torch::Tensor mask = visible_keys(heads, options);
  if (!mask.defined()) return mix(heads, options);
  // A softmax over no key is NaN, and so are its gradients: a query without keys sees all of them
  // here, and its result is multiplied by 0.
  const torch::Tensor sees_any = mask.any(-1, /*keepdim=*/true);
  AttendOptions seeing = options;
  seeing.causal = false;
  seeing.mask = mask | sees_any.logical_not();
  return mix(heads, seeing) * sees_any;
}

AttentionImpl::AttentionImpl(const AttentionOptions& options, std::shared_ptr<DropoutStream> stream)
    : options_(options), stream_(std::move(stream)) {
  qkv = register_module("qkv", Linear(options.width, 3 * options.width));
  output = register_module("output", Linear(options.width, options.width));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& x, const SequenceLayout& layout,
                                     const torch::Tensor& output_rows, KeyValueCache* cache) {
  const torch::Tensor projected = qkv(x);  // [T, 3 * D]
  const double dropout = is_training() ? options_.dropout : 0.0;
  if (dropout == 0.0 && cache == nullptr &&
      attends_packed(projected, layout, options_.width / options_.heads)) {
    const torch::Tensor mixed = packed_attention(projected, layout, options_);
    return output(select_rows(mixed.reshape({-1, options_.width}), output_rows));  // [R, D]
  }
  const auto parts = split_heads(projected, 3, layout, options_.heads);
  Heads heads{.queries = parts[0], .keys = parts[1], .values = parts[2]};
  AttendOptions how{
      .causal = options_.causal, .mask = layout.key_mask, .dropout = dropout, .stream = stream_};
  if (cache != nullptr) {
    cache->append(heads.keys, heads.values, layout.key_mask);
    heads.keys = cache->keys();
    heads.values = cache->values();
    how.mask = cache->mask();
  }
  // Every row sees itself. Rows of the gaps are dropped by join_heads.
  return output(join_heads(mix(heads, how), layout, output_rows));  // [R, D]
}

CrossAttentionImpl::CrossAttentionImpl(const AttentionOptions& options, int64_t context_width,
                                       std::shared_ptr<DropoutStream> stream)
    : options_(options), stream_(std::move(stream)) {
  TORCH_CHECK(!options.causal, "cross attention cannot be causal");
  query = register_module("query", Linear(options.width, options.width));
  key_value = register_module("key_value", Linear(context_width, 2 * options.width));
  output = register_module("output", Linear(options.width, options.width));
}

KeyValueCache CrossAttentionImpl::keys_values(const torch::Tensor& context,
                                              const SequenceLayout& context_layout) {
  const auto parts = split_heads(key_value(context), 2, context_layout, options_.heads);
  KeyValueCache cache;
  cache.append(parts[0], parts[1], context_layout.key_mask);
  return cache;
}

torch::Tensor CrossAttentionImpl::forward(const torch::Tensor& x, const SequenceLayout& layout,
                                          const KeyValueCache& context,
                                          const torch::Tensor& output_rows) {
  const int64_t contexts = context.keys().size(0);
  TORCH_CHECK(contexts > 0 ? layout.count % contexts == 0 : layout.count == 0, layout.count,
              " sequences attend to ", contexts, " contexts");
  // All sequences of one context are one sequence here: no query sees another.
  SequenceLayout joined = layout;
  joined.count = contexts;
  if (contexts > 0) joined.max_length *= layout.count / contexts;
  const Heads heads{.queries = split_heads(query(x), 1, joined, options_.heads)[0],
                    .keys = context.keys(),
                    .values = context.values()};
  const torch::Tensor mixed = attend(heads, {.mask = context.mask(),
                                             .dropout = is_training() ? options_.dropout : 0.0,
                                             .stream = stream_});
  return output(join_heads(mixed, joined, output_rows));  // [R, D]
}

}  // namespace tandem
