#include "kernels/tiles/logit_tiles_cuda.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/cuda/logit_tiles.h"

namespace tandem::kernels::cuda {
namespace {

void* stream() { return at::cuda::getCurrentCUDAStream().stream(); }

GradientOut out_of(const torch::Tensor& gradient) {
  TORCH_CHECK(gradient.is_contiguous(), "expected a contiguous gradient");
  const bool in_bf16 = gradient.scalar_type() == torch::kBFloat16;
  return {.values = gradient.data_ptr(), .number = in_bf16 ? Number::kBf16 : Number::kFp32};
}

// Room for `parts` statistics of `count` rows or columns each: [parts, count, 2].
torch::Tensor room(int64_t parts, int64_t count, const torch::Tensor& tile) {
  return torch::empty({parts, count, 2}, tile.options());
}
Stat* stats_in(const torch::Tensor& room) {
  return reinterpret_cast<Stat*>(room.data_ptr<float>());
}

}  // namespace

void add_to_stats(const torch::Tensor& tile, const TileTerms& terms,
                  const kernels::TileStats& stats) {
  const c10::cuda::CUDAGuard device(tile.device());
  const int64_t R = tile.size(0), C = tile.size(1);
  const torch::Tensor row_parts = room(row_part_count(C), R, tile);
  const torch::Tensor column_parts = room(column_part_count(R), C, tile);
  add_to_stats(rows_of(tile), terms.meaning(),
               {.row_max = stats.rows.max.data_ptr<float>(),
                .row_sum = stats.rows.sum.data_ptr<float>(),
                .column_max = stats.columns.max.data_ptr<float>(),
                .column_sum = stats.columns.sum.data_ptr<float>(),
                .diagonal = stats.diagonal.data_ptr<float>(),
                .row_parts = stats_in(row_parts),
                .column_parts = stats_in(column_parts)},
               stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void softmax_gradient(const torch::Tensor& tile, const TileTerms& terms, const SoftmaxShares& of,
                      const torch::Tensor& gradient) {
  const c10::cuda::CUDAGuard device(tile.device());
  softmax_gradient(rows_of(tile), terms.meaning(),
                   {.weights = {.row_max = of.rows.max.const_data_ptr<float>(),
                                .row_weight = of.rows.weight.const_data_ptr<float>(),
                                .column_max = of.columns.max.const_data_ptr<float>(),
                                .column_weight = of.columns.weight.const_data_ptr<float>()},
                    .diagonal = of.diagonal.const_data_ptr<float>(),
                    .out = out_of(gradient)},
                   stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void sigmoid_gradient(const torch::Tensor& tile, const TileTerms& terms, const SigmoidSums& sums,
                      const torch::Tensor& gradient) {
  const c10::cuda::CUDAGuard device(tile.device());
  const torch::Tensor parts =
      torch::empty({2, row_part_count(tile.size(1)), tile.size(0)}, tile.options());
  sigmoid_gradient(rows_of(tile), terms.meaning(),
                   {.loss_parts = parts[0].data_ptr<float>(),
                    .slope_parts = parts[1].data_ptr<float>(),
                    .out = out_of(gradient)},
                   stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  const torch::Tensor found = parts.sum(1);  // [2, R]
  sums.loss.add_(found[0]);
  sums.slope.add_(found[1]);
}

}  // namespace tandem::kernels::cuda
