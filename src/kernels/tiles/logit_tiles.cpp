#include "kernels/tiles/logit_tiles.h"

#include <limits>

#ifdef TANDEM_CUDA_KERNELS
#include "kernels/tiles/logit_tiles_cuda.h"
#endif
#include "kernels/parallel.h"

namespace tandem::kernels {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
// Rows of one task. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kChunk = 64;
// Values below which starting threads costs more than it gives.
constexpr int64_t kWorthThreads = 1 << 15;

bool is_for_cpu(const torch::Tensor& tile) {
  if (tile.scalar_type() == torch::kFloat64) return false;
  (void)rows_of(tile);  // The ATen form takes no other tiles either.
  return tile.is_cpu();
}

int64_t chunk_count(const torch::Tensor& tile) { return (tile.size(0) + kChunk - 1) / kChunk; }

// Calls body(chunk, rows of the chunk, first row) for all chunks, in parallel.
template <typename Body>
void for_each_chunk(const torch::Tensor& tile, const Body& body) {
  const TileRows all = rows_of(tile);
  parallel_for(chunk_count(tile), tile.numel() >= kWorthThreads, [&](int64_t chunk) {
    const int64_t first = chunk * kChunk;
    const TileRows rows{all.values + first * all.columns, std::min(kChunk, all.rows - first),
                        all.columns};
    body(chunk, rows, first);
  });
}

// Calls visit(r, value) for the rows of a chunk that meet the diagonal.
template <typename Visit>
void for_diagonal(const TileRows& rows, int64_t shift, const Visit& visit) {
  for (int64_t r = std::max<int64_t>(0, -shift); r < rows.rows && r + shift < rows.columns; ++r)
    visit(r, rows.values[r * rows.columns + r + shift]);
}

// Moves statistics to a maximum that is at least as large as before.
void raise_to(const SoftmaxStats& stats, const torch::Tensor& max) {
  stats.sum.mul_((stats.max - max).exp_());
  stats.max.copy_(max);
}

// Pairs that share a group, bool [R, C].
torch::Tensor shared(const TileTerms& terms) {
  return (terms.rows.image.unsqueeze(1) == terms.columns.image)
      .logical_or_(terms.rows.text.unsqueeze(1) == terms.columns.text);
}

// Where the diagonal runs through a tile, bool [R, C].
torch::Tensor on_diagonal(const torch::Tensor& tile, const TileTerms& terms) {
  const auto options = terms.scale.options().dtype(torch::kInt64);
  return (torch::arange(tile.size(0), options) + terms.shift).unsqueeze(1) ==
         torch::arange(tile.size(1), options);
}

torch::Tensor logits_of(const torch::Tensor& tile, const TileTerms& terms) {
  torch::Tensor logits = tile * terms.scale;
  if (terms.bias.defined()) logits.add_(terms.bias);
  if (!terms.rows.defined() || terms.relation != Relation::kMask) return logits;
  return logits.masked_fill_(shared(terms).logical_and_(on_diagonal(tile, terms).logical_not_()),
                             -std::numeric_limits<float>::infinity());
}

torch::Tensor matches(const torch::Tensor& tile, const TileTerms& terms) {
  const torch::Tensor own = on_diagonal(tile, terms);
  const bool by_group = terms.rows.defined() && terms.relation == Relation::kMatch;
  return by_group ? shared(terms).logical_or_(own) : own;
}

}  // namespace

GroupIds GroupIds::slice(int64_t first, int64_t last) const {
  if (!defined()) return {};
  return {.image = image.slice(0, first, last), .text = text.slice(0, first, last)};
}

GroupIds GroupIds::to(const torch::Device& device) const {
  if (!defined()) return {};
  return {.image = image.to(device, /*non_blocking=*/true),
          .text = text.to(device, /*non_blocking=*/true)};
}

TileMeaning TileTerms::meaning(int64_t first) const {
  TileMeaning all{.scale = scale.const_data_ptr<float>(),
                  .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                  .shift = shift + first,
                  .groups = {},
                  .relation = relation};
  if (rows.defined()) {
    all.groups = {.row_image = rows.image.const_data_ptr<int64_t>() + first,
                  .row_text = rows.text.const_data_ptr<int64_t>() + first,
                  .column_image = columns.image.const_data_ptr<int64_t>(),
                  .column_text = columns.text.const_data_ptr<int64_t>()};
  }
  return all;
}

TileRows rows_of(const torch::Tensor& tile) {
  TORCH_CHECK(tile.scalar_type() == torch::kFloat32 && tile.is_contiguous(),
              "expected a contiguous fp32 tile");
  return {tile.data_ptr<float>(), tile.size(0), tile.size(1)};
}

SoftmaxStats SoftmaxStats::start(int64_t count, const torch::TensorOptions& options) {
  return {.max = torch::full({count}, kLowest, options), .sum = torch::zeros({count}, options)};
}

SoftmaxStats SoftmaxStats::slice(int64_t first, int64_t last) const {
  return {.max = max.slice(0, first, last), .sum = sum.slice(0, first, last)};
}

torch::Tensor SoftmaxStats::log_sum_exp() const { return max + sum.log(); }

WeightedMax WeightedMax::slice(int64_t first, int64_t last) const {
  return {.max = max.slice(0, first, last), .weight = weight.slice(0, first, last)};
}

void add_to_stats(const torch::Tensor& tile, const TileTerms& terms, const TileStats& stats) {
#ifdef TANDEM_CUDA_KERNELS
  if (tile.is_cuda()) return cuda::add_to_stats(tile, terms, stats);
#endif
  if (!is_for_cpu(tile)) return add_to_stats_aten(tile, terms, stats);
  const int64_t C = tile.size(1);
  torch::Tensor row_max = stats.rows.max.clone();  // [R]
  torch::Tensor part_max = torch::full({chunk_count(tile), C}, kLowest, tile.options());
  for_each_chunk(tile, [&, to = row_max.data_ptr<float>(), part = part_max.data_ptr<float>(),
                        diagonal = stats.diagonal.data_ptr<float>()](
                           int64_t chunk, const TileRows& rows, int64_t first) {
    make_logits(rows, terms.meaning(first));
    for_diagonal(rows, terms.shift + first,
                 [&](int64_t r, float value) { diagonal[first + r] = value; });
    raise_maxima(rows, to + first, part + chunk * C);
  });
  const torch::Tensor column_max = at::maximum(part_max.amax(0), stats.columns.max);  // [C]
  raise_to(stats.rows, row_max);
  raise_to(stats.columns, column_max);
  torch::Tensor part_sum = part_max.zero_();
  for_each_chunk(tile, [&, part = part_sum.data_ptr<float>()](int64_t chunk, const TileRows& rows,
                                                              int64_t first) {
    add_exp_sums(rows, {.row_max = stats.rows.max.data_ptr<float>() + first,
                        .column_max = column_max.data_ptr<float>(),
                        .row_sum = stats.rows.sum.data_ptr<float>() + first,
                        .column_sum = part + chunk * C});
  });
  stats.columns.sum.add_(part_sum.sum(0));
}

void add_to_stats_aten(const torch::Tensor& tile, const TileTerms& terms, const TileStats& stats) {
  const torch::Tensor logits = logits_of(tile, terms);
  const torch::Tensor own = on_diagonal(tile, terms);
  stats.diagonal.copy_(
      at::where(own.any(1), logits.masked_fill(own.logical_not(), 0.0).sum(1), stats.diagonal));
  raise_to(stats.rows, at::maximum(stats.rows.max, logits.amax(1)));
  raise_to(stats.columns, at::maximum(stats.columns.max, logits.amax(0)));
  stats.rows.sum.add_((logits - stats.rows.max.unsqueeze(1)).exp_().sum(1));
  stats.columns.sum.add_((logits - stats.columns.max).exp_().sum(0));
}

void softmax_gradient(const torch::Tensor& tile, const TileTerms& terms, const SoftmaxShares& of,
                      const torch::Tensor& gradient) {
#ifdef TANDEM_CUDA_KERNELS
  if (tile.is_cuda()) return cuda::softmax_gradient(tile, terms, of, gradient);
#endif
  if (!is_for_cpu(tile)) return softmax_gradient_aten(tile, terms, of, gradient);
  for_each_chunk(tile, [&, diagonal = of.diagonal.const_data_ptr<float>()](
                           int64_t, const TileRows& rows, int64_t first) {
    make_logits(rows, terms.meaning(first));
    softmax_gradient(rows, {.row_max = of.rows.max.const_data_ptr<float>() + first,
                            .row_weight = of.rows.weight.const_data_ptr<float>() + first,
                            .column_max = of.columns.max.const_data_ptr<float>(),
                            .column_weight = of.columns.weight.const_data_ptr<float>()});
    for_diagonal(rows, terms.shift + first,
                 [&](int64_t r, float& value) { value -= diagonal[first + r]; });
  });
  if (!gradient.is_same(tile)) gradient.copy_(tile);
}

void softmax_gradient_aten(const torch::Tensor& tile, const TileTerms& terms,
                           const SoftmaxShares& of, const torch::Tensor& gradient) {
  const torch::Tensor logits = logits_of(tile, terms);
  torch::Tensor sum = (logits - of.rows.max.unsqueeze(1)).exp_().mul_(of.rows.weight.unsqueeze(1));
  sum.add_((logits - of.columns.max).exp_().mul_(of.columns.weight));
  const torch::Tensor own = on_diagonal(tile, terms).to(tile.scalar_type());
  gradient.copy_(sum.sub_(own.mul_(of.diagonal.unsqueeze(1))));
}

void sigmoid_gradient(const torch::Tensor& tile, const TileTerms& terms, const SigmoidSums& sums,
                      const torch::Tensor& gradient) {
#ifdef TANDEM_CUDA_KERNELS
  if (tile.is_cuda()) return cuda::sigmoid_gradient(tile, terms, sums, gradient);
#endif
  if (!is_for_cpu(tile)) return sigmoid_gradient_aten(tile, terms, sums, gradient);
  for_each_chunk(tile,
                 [&, loss = sums.loss.data_ptr<float>(), slope = sums.slope.data_ptr<float>()](
                     int64_t, const TileRows& rows, int64_t first) {
                   const TileMeaning meaning = terms.meaning(first);
                   make_logits(rows, meaning);
                   negate_matches(rows, meaning);
                   softplus_and_gradient(rows, loss + first);
                   negate_matches(rows, meaning);
                   add_row_sums(rows, slope + first);
                 });
  if (!gradient.is_same(tile)) gradient.copy_(tile);
}

void sigmoid_gradient_aten(const torch::Tensor& tile, const TileTerms& terms,
                           const SigmoidSums& sums, const torch::Tensor& gradient) {
  const torch::Tensor logits = logits_of(tile, terms);
  const torch::Tensor sign = 1.0 - 2.0 * matches(tile, terms).to(tile.scalar_type());
  const torch::Tensor turned = logits * sign;
  sums.loss.add_(at::logaddexp(turned, torch::zeros({}, turned.options())).sum(1));
  const torch::Tensor slopes = turned.sigmoid().mul_(sign);
  sums.slope.add_(slopes.sum(1));
  gradient.copy_(slopes);
}

}  // namespace tandem::kernels
