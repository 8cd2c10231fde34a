#include "kernels/logit_tiles.h"

#include <limits>

#ifdef TANDEM_CUDA_KERNELS
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/cuda/logit_tiles.h"
#endif
#include "kernels/parallel.h"

namespace tandem::kernels {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
// Rows of one task. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kChunk = 64;
// Values below which starting threads costs more than it gives.
constexpr int64_t kWorthThreads = 1 << 15;

#ifdef TANDEM_CUDA_KERNELS
// Calls launch(tile, stream) for a tile on a GPU; returns whether it was one.
template <typename Launch>
bool ran_on_cuda(const torch::Tensor& tile, const Launch& launch) {
  if (!tile.is_cuda()) return false;
  const c10::cuda::CUDAGuard device(tile.device());
  launch(TileRows{tile.data_ptr<float>(), tile.size(0), tile.size(1)},
         static_cast<void*>(at::cuda::getCurrentCUDAStream().stream()));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return true;
}
#endif

bool is_fused(const torch::Tensor& tile) {
  TORCH_CHECK(tile.scalar_type() == torch::kFloat32 && tile.is_contiguous(),
              "expected a contiguous fp32 tile");
  return tile.is_cpu();
}

int64_t chunk_count(const torch::Tensor& tile) { return (tile.size(0) + kChunk - 1) / kChunk; }

// Calls body(chunk, rows of the chunk, first row) for all chunks, in parallel.
template <typename Body>
void for_each_chunk(const torch::Tensor& tile, const Body& body) {
  const int64_t rows = tile.size(0), columns = tile.size(1);
  float* const values = tile.data_ptr<float>();
  parallel_for(chunk_count(tile), tile.numel() >= kWorthThreads, [&](int64_t chunk) {
    const int64_t first = chunk * kChunk;
    body(chunk, TileRows{values + first * columns, std::min(kChunk, rows - first), columns}, first);
  });
}

// Moves statistics to a maximum that is at least as large as before.
void raise_to(const SoftmaxStats& stats, const torch::Tensor& max) {
  stats.sum.mul_((stats.max - max).exp_());
  stats.max.copy_(max);
}

}  // namespace

SoftmaxStats SoftmaxStats::start(int64_t count, const torch::TensorOptions& options) {
  return {.max = torch::full({count}, kLowest, options), .sum = torch::zeros({count}, options)};
}

SoftmaxStats SoftmaxStats::slice(int64_t first, int64_t last) const {
  return {.max = max.slice(0, first, last), .sum = sum.slice(0, first, last)};
}

torch::Tensor SoftmaxStats::log_sum_exp() const { return max + sum.log(); }

GroupIds GroupIds::slice(int64_t first, int64_t last) const {
  return {.image = image.slice(0, first, last), .text = text.slice(0, first, last)};
}

void add_to_stats(const torch::Tensor& tile, SoftmaxStats rows, SoftmaxStats columns) {
#ifdef TANDEM_CUDA_KERNELS
  if (ran_on_cuda(tile, [&](const TileRows& values, void* stream) {
        cuda::add_to_stats(values,
                           {rows.max.data_ptr<float>(), rows.sum.data_ptr<float>(),
                            columns.max.data_ptr<float>(), columns.sum.data_ptr<float>()},
                           stream);
      }))
    return;
#endif
  if (!is_fused(tile)) return add_to_stats_aten(tile, std::move(rows), std::move(columns));
  const int64_t C = tile.size(1);
  torch::Tensor row_max = rows.max.clone();  // [R]
  torch::Tensor part_max = torch::full({chunk_count(tile), C}, kLowest, tile.options());
  for_each_chunk(tile, [&, to = row_max.data_ptr<float>(), part = part_max.data_ptr<float>()](
                           int64_t chunk, const TileRows& part_rows, int64_t first) {
    raise_maxima(part_rows, to + first, part + chunk * C);
  });
  const torch::Tensor column_max = at::maximum(part_max.amax(0), columns.max);  // [C]
  raise_to(rows, row_max);
  raise_to(columns, column_max);
  torch::Tensor part_sum = part_max.zero_();
  for_each_chunk(tile, [&, part = part_sum.data_ptr<float>()](
                           int64_t chunk, const TileRows& part_rows, int64_t first) {
    add_exp_sums(part_rows, {.row_max = rows.max.data_ptr<float>() + first,
                             .column_max = column_max.data_ptr<float>(),
                             .row_sum = rows.sum.data_ptr<float>() + first,
                             .column_sum = part + chunk * C});
  });
  columns.sum.add_(part_sum.sum(0));
}

void add_to_stats_aten(const torch::Tensor& tile, SoftmaxStats rows, SoftmaxStats columns) {
  raise_to(rows, at::maximum(rows.max, tile.amax(1)));
  raise_to(columns, at::maximum(columns.max, tile.amax(0)));
  rows.sum.add_((tile - rows.max.unsqueeze(1)).exp_().sum(1));
  columns.sum.add_((tile - columns.max).exp_().sum(0));
}

void to_softmax_gradient(torch::Tensor tile, const WeightedMax& rows, const WeightedMax& columns) {
#ifdef TANDEM_CUDA_KERNELS
  if (ran_on_cuda(tile, [&](const TileRows& values, void* stream) {
        cuda::to_softmax_gradient(values,
                                  {rows.max.data_ptr<float>(), rows.weight.data_ptr<float>(),
                                   columns.max.data_ptr<float>(), columns.weight.data_ptr<float>()},
                                  stream);
      }))
    return;
#endif
  if (!is_fused(tile)) return to_softmax_gradient_aten(std::move(tile), rows, columns);
  for_each_chunk(tile, [&](int64_t, const TileRows& part, int64_t first) {
    softmax_gradient(part, {.row_max = rows.max.data_ptr<float>() + first,
                            .row_weight = rows.weight.data_ptr<float>() + first,
                            .column_max = columns.max.data_ptr<float>(),
                            .column_weight = columns.weight.data_ptr<float>()});
  });
}

void to_softmax_gradient_aten(torch::Tensor tile, const WeightedMax& rows,
                              const WeightedMax& columns) {
  const torch::Tensor by_row = (tile - rows.max.unsqueeze(1)).exp_().mul_(rows.weight.unsqueeze(1));
  tile.sub_(columns.max).exp_().mul_(columns.weight).add_(by_row);
}

void to_softplus_gradient(torch::Tensor tile, torch::Tensor row_sum) {
#ifdef TANDEM_CUDA_KERNELS
  if (ran_on_cuda(tile, [&](const TileRows& values, void* stream) {
        cuda::to_softplus_gradient(values, row_sum.data_ptr<float>(), stream);
      }))
    return;
#endif
  if (!is_fused(tile)) return to_softplus_gradient_aten(std::move(tile), std::move(row_sum));
  for_each_chunk(tile,
                 [to = row_sum.data_ptr<float>()](int64_t, const TileRows& part, int64_t first) {
                   softplus_and_gradient(part, to + first);
                 });
}

void to_softplus_gradient_aten(torch::Tensor tile, torch::Tensor row_sum) {
  row_sum.add_(at::logaddexp(tile, torch::zeros({}, tile.options())).sum(1));
  tile.sigmoid_();
}

void mark(torch::Tensor tile, const GroupIds& rows, const GroupIds& columns, Relation relation) {
#ifdef TANDEM_CUDA_KERNELS
  if (ran_on_cuda(tile, [&](const TileRows& values, void* stream) {
        cuda::mark(values,
                   {rows.image.data_ptr<int64_t>(), rows.text.data_ptr<int64_t>(),
                    columns.image.data_ptr<int64_t>(), columns.text.data_ptr<int64_t>()},
                   relation, stream);
      }))
    return;
#endif
  if (!is_fused(tile)) return mark_aten(std::move(tile), rows, columns, relation);
  for_each_chunk(tile, [&](int64_t, const TileRows& part, int64_t first) {
    mark_duplicates(part,
                    {.row_image = rows.image.data_ptr<int64_t>() + first,
                     .row_text = rows.text.data_ptr<int64_t>() + first,
                     .column_image = columns.image.data_ptr<int64_t>(),
                     .column_text = columns.text.data_ptr<int64_t>()},
                    relation);
  });
}

void mark_aten(torch::Tensor tile, const GroupIds& rows, const GroupIds& columns,
               Relation relation) {
  const torch::Tensor same = (rows.image.unsqueeze(1) == columns.image)
                                 .logical_or_(rows.text.unsqueeze(1) == columns.text);
  if (relation == Relation::kMask) {
    tile.masked_fill_(same, -std::numeric_limits<float>::infinity());
  } else {
    tile.copy_(at::where(same, -tile, tile));
  }
}

}  // namespace tandem::kernels
