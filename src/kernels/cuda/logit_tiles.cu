#include "kernels/cuda/logit_tiles.h"

#include <cuda_runtime.h>

namespace tandem::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kWarp = 32;
constexpr int kColumnRows = 32;  // Threads of a block of columns that share its rows.
constexpr unsigned kAllLanes = 0xffffffffU;

// Σ exp as sum · exp(max), of any number of values.
struct Stat {
  float max;
  float sum;
};

__device__ Stat merged(Stat a, Stat b) {
  const float max = fmaxf(a.max, b.max);
  return {max, a.sum * __expf(a.max - max) + b.sum * __expf(b.max - max)};
}

// One value more; its exponential is taken against the larger maximum of the two. A NaN stays in
// the sum.
__device__ Stat with(Stat stat, float value) {
  if (value <= stat.max) return {stat.max, stat.sum + __expf(value - stat.max)};
  if (isnan(value)) return {stat.max, value};
  return {value, stat.sum * __expf(stat.max - value) + 1.0F};
}

constexpr float kLowest = -3.402823466e+38F;

__device__ Stat over_warp(Stat stat) {
  for (int step = kWarp / 2; step > 0; step /= 2) {
    stat = merged(stat, {__shfl_xor_sync(kAllLanes, stat.max, step),
                         __shfl_xor_sync(kAllLanes, stat.sum, step)});
  }
  return stat;
}

__device__ float over_warp(float value) {
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

// A block reads one row.
__global__ void row_stats(const float* values, int64_t columns, float* max, float* sum) {
  const int64_t row = blockIdx.x;
  Stat stat{kLowest, 0.0F};
  for (int64_t c = threadIdx.x; c < columns; c += kThreads)
    stat = with(stat, values[row * columns + c]);
  __shared__ Stat parts[kThreads / kWarp];
  stat = over_warp(stat);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = stat;
  __syncthreads();
  if (threadIdx.x != 0) return;
  stat = {max[row], sum[row]};
  for (const Stat& part : parts) stat = merged(stat, part);
  max[row] = stat.max;
  sum[row] = stat.sum;
}

// A block reads 32 columns; a warp reads 32 neighbours of one row at a time.
__global__ void column_stats(const float* values, int64_t rows, int64_t columns, float* max,
                             float* sum) {
  const int64_t column = int64_t{blockIdx.x} * kWarp + threadIdx.x;
  Stat stat{kLowest, 0.0F};
  if (column < columns) {
    for (int64_t r = threadIdx.y; r < rows; r += kColumnRows)
      stat = with(stat, values[r * columns + column]);
  }
  __shared__ Stat parts[kColumnRows][kWarp + 1];
  parts[threadIdx.y][threadIdx.x] = stat;
  __syncthreads();
  if (threadIdx.y != 0 || column >= columns) return;
  stat = {max[column], sum[column]};
  for (int part = 0; part < kColumnRows; ++part) stat = merged(stat, parts[part][threadIdx.x]);
  max[column] = stat.max;
  sum[column] = stat.sum;
}

__global__ void softmax_gradient(float* values, int64_t columns, SoftmaxWeights weights) {
  const int64_t row = blockIdx.x;
  const float row_max = weights.row_max[row], row_weight = weights.row_weight[row];
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
    float& value = values[row * columns + c];
    value = row_weight * __expf(value - row_max) +
            weights.column_weight[c] * __expf(value - weights.column_max[c]);
  }
}

__global__ void softplus_gradient(float* values, int64_t columns, float* row_sum) {
  const int64_t row = blockIdx.x;
  float sum = 0.0F;
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
    float& value = values[row * columns + c];
    const float small = __expf(-fabsf(value));
    sum += fmaxf(value, 0.0F) + log1pf(small);
    value = (value > 0.0F ? 1.0F : small) / (1.0F + small);
  }
  __shared__ float parts[kThreads / kWarp];
  sum = over_warp(sum);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (const float part : parts) row_sum[row] += part;
}

__global__ void mark_pairs(float* values, int64_t columns, TileGroups groups, bool mask) {
  const int64_t row = blockIdx.x;
  const int64_t image = groups.row_image[row], text = groups.row_text[row];
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
    if (image != groups.column_image[c] && text != groups.column_text[c]) continue;
    float& value = values[row * columns + c];
    value = mask ? -INFINITY : -value;
  }
}

unsigned block_count(int64_t items, int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

}  // namespace

void add_to_stats(const TileRows& tile, const TileStats& stats, void* stream) {
  auto* const on = static_cast<cudaStream_t>(stream);
  row_stats<<<block_count(tile.rows, 1), kThreads, 0, on>>>(tile.values, tile.columns,
                                                            stats.row_max, stats.row_sum);
  column_stats<<<block_count(tile.columns, kWarp), dim3(kWarp, kColumnRows), 0, on>>>(
      tile.values, tile.rows, tile.columns, stats.column_max, stats.column_sum);
}

void to_softmax_gradient(const TileRows& tile, const SoftmaxWeights& weights, void* stream) {
  softmax_gradient<<<block_count(tile.rows, 1), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      tile.values, tile.columns, weights);
}

void to_softplus_gradient(const TileRows& tile, float* row_sum, void* stream) {
  softplus_gradient<<<block_count(tile.rows, 1), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      tile.values, tile.columns, row_sum);
}

void mark(const TileRows& tile, const TileGroups& groups, Relation relation, void* stream) {
  mark_pairs<<<block_count(tile.rows, 1), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(
      tile.values, tile.columns, groups, relation == Relation::kMask);
}

}  // namespace tandem::kernels::cuda
