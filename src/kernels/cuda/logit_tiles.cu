#include "kernels/cuda/logit_tiles.h"

#include "kernels/cuda/device_numbers.h"
#include "kernels/cuda/launch.h"

namespace tandem::kernels::cuda {
namespace {

constexpr float kLowest = -3.402823466e+38F;
constexpr int kWarpRows = kPanelRows / kWarps;       // Rows of a panel that a warp reads.
constexpr int kLaneColumns = kPanelColumns / kWarp;  // Columns that a lane reads of each.
constexpr int kGradientRows = 16;                    // Rows that a thread takes of one column.
constexpr int kMergeColumns = kWarp;                 // Columns of a block that merges parts.

// Logits of a tile, product by product.
struct Reader {
  const TileMeaning& meaning;
  float scale;
  float bias;

  __device__ explicit Reader(const TileMeaning& terms)
      : meaning(terms), scale(*terms.scale), bias(terms.bias == nullptr ? 0.0F : *terms.bias) {}

  __device__ bool is_own(int64_t r, int64_t c) const { return c == r + meaning.shift; }
  __device__ bool shares_group(int64_t r, int64_t c) const {
    const TileGroups& groups = meaning.groups;
    return groups.row_image != nullptr && (groups.row_image[r] == groups.column_image[c] ||
                                           groups.row_text[r] == groups.column_text[c]);
  }
  __device__ float logit(float product, int64_t r, int64_t c) const {
    const bool left_out =
        meaning.relation == Relation::kMask && shares_group(r, c) && !is_own(r, c);
    return left_out ? -INFINITY : scale * product + bias;
  }
  __device__ bool is_match(int64_t r, int64_t c) const {
    return is_own(r, c) || (meaning.relation == Relation::kMatch && shares_group(r, c));
  }
};

__device__ Stat merged(Stat a, Stat b) {
  const float max = fmaxf(a.max, b.max);
  return {max, a.sum * __expf(a.max - max) + b.sum * __expf(b.max - max)};
}

// One value more, for one exponential. A NaN stays in the sum.
__device__ Stat with(Stat stat, float value) {
  const float step = value - stat.max;
  const float small = __expf(-fabsf(step));
  return {fmaxf(stat.max, value), step > 0.0F ? stat.sum * small + 1.0F : stat.sum + small};
}

// Merges each lane's columns over the warps of a block; warp 0 has the result.
__device__ void merge_over_warps(Stat (&columns)[kLaneColumns]) {
  __shared__ Stat passed[kWarps / 2][kPanelColumns];
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  for (int half = kWarps / 2; half > 0; half /= 2) {
    if (warp >= half && warp < 2 * half) {
      for (int j = 0; j < kLaneColumns; ++j) passed[warp - half][lane + j * kWarp] = columns[j];
    }
    __syncthreads();
    if (warp < half) {
      for (int j = 0; j < kLaneColumns; ++j)
        columns[j] = merged(columns[j], passed[warp][lane + j * kWarp]);
    }
    __syncthreads();
  }
}

// A block reads a panel once, for its rows and its columns. A warp reads whole rows of it.
__global__ void panel_stats(TileRows tile, TileMeaning meaning, StatBuffers to) {
  const Reader reader(meaning);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t first_column = int64_t{blockIdx.x} * kPanelColumns + lane;
  Stat columns[kLaneColumns];
  for (int j = 0; j < kLaneColumns; ++j) columns[j] = {kLowest, 0.0F};
  for (int i = 0; i < kWarpRows; ++i) {
    const int64_t r = int64_t{blockIdx.y} * kPanelRows + warp + i * kWarps;
    if (r >= tile.rows) break;
    float logits[kLaneColumns];
    Stat row{kLowest, 0.0F};
    for (int j = 0; j < kLaneColumns; ++j) {
      const int64_t c = first_column + j * kWarp;
      const bool inside = c < tile.columns;
      logits[j] = inside ? reader.logit(tile.values[r * tile.columns + c], r, c) : -INFINITY;
      if (inside && reader.is_own(r, c)) to.diagonal[r] = logits[j];
      row.max = fmaxf(row.max, logits[j]);
    }
    row.max = max_over_warp(row.max);
    for (int j = 0; j < kLaneColumns; ++j) {
      row.sum += __expf(logits[j] - row.max);
      columns[j] = with(columns[j], logits[j]);
    }
    row.sum = sum_over_warp(row.sum);
    if (lane == 0) to.row_parts[blockIdx.x * tile.rows + r] = row;
  }
  merge_over_warps(columns);
  if (warp != 0) return;
  for (int j = 0; j < kLaneColumns; ++j) {
    const int64_t c = first_column + j * kWarp;
    if (c < tile.columns) to.column_parts[blockIdx.y * tile.columns + c] = columns[j];
  }
}

struct Parts {
  const Stat* values;  // [part_count, count]
  int64_t part_count;
  int64_t count;
};

// Adds the parts of `count` sums to max and sum. A block takes 32 of them; its warps share the
// parts.
__global__ void merge_parts(Parts parts, float* max, float* sum) {
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  const int64_t at = int64_t{blockIdx.x} * kMergeColumns + lane;
  Stat stat{kLowest, 0.0F};
  if (at < parts.count) {
#pragma unroll 4
    for (int64_t part = warp; part < parts.part_count; part += kWarps)
      stat = merged(stat, parts.values[part * parts.count + at]);
  }
  __shared__ Stat found[kWarps][kMergeColumns];
  found[warp][lane] = stat;
  __syncthreads();
  if (warp != 0 || at >= parts.count) return;
  stat = {max[at], sum[at]};
  for (int other = 0; other < kWarps; ++other) stat = merged(stat, found[other][lane]);
  max[at] = stat.max;
  sum[at] = stat.sum;
}

// A thread takes one column of some rows.
template <typename T>
__global__ void softmax_gradients(TileRows tile, TileMeaning meaning, SoftmaxPass pass) {
  const int64_t c = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (c >= tile.columns) return;
  const Reader reader(meaning);
  const SoftmaxWeights& weights = pass.weights;
  const float column_max = weights.column_max[c], column_weight = weights.column_weight[c];
  const int64_t first = int64_t{blockIdx.y} * kGradientRows;
  const int64_t last = first + kGradientRows < tile.rows ? first + kGradientRows : tile.rows;
#pragma unroll 4
  for (int64_t r = first; r < last; ++r) {
    const int64_t at = r * tile.columns + c;
    const float logit = reader.logit(tile.values[at], r, c);
    float gradient = weights.row_weight[r] * __expf(logit - weights.row_max[r]) +
                     column_weight * __expf(logit - column_max);
    if (reader.is_own(r, c)) gradient -= pass.diagonal[r];
    write(static_cast<T*>(pass.out.values) + at, gradient);
  }
}

// A block takes a panel; a warp takes whole rows of it.
template <typename T>
__global__ void sigmoid_gradients(TileRows tile, TileMeaning meaning, SigmoidPass pass) {
  const Reader reader(meaning);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  for (int i = 0; i < kWarpRows; ++i) {
    const int64_t r = int64_t{blockIdx.y} * kPanelRows + warp + i * kWarps;
    if (r >= tile.rows) break;
    float loss = 0.0F, slope = 0.0F;
    for (int j = 0; j < kLaneColumns; ++j) {
      const int64_t c = int64_t{blockIdx.x} * kPanelColumns + lane + j * kWarp;
      if (c >= tile.columns) break;
      const int64_t at = r * tile.columns + c;
      const float sign = reader.is_match(r, c) ? -1.0F : 1.0F;
      const float turned = sign * reader.logit(tile.values[at], r, c);
      const float small = __expf(-fabsf(turned));
      const float gradient = sign * __fdividef(turned > 0.0F ? 1.0F : small, 1.0F + small);
      loss += fmaxf(turned, 0.0F) + log1pf(small);
      slope += gradient;
      write(static_cast<T*>(pass.out.values) + at, gradient);
    }
    loss = sum_over_warp(loss);
    slope = sum_over_warp(slope);
    if (lane != 0) continue;
    pass.loss_parts[blockIdx.x * tile.rows + r] = loss;
    pass.slope_parts[blockIdx.x * tile.rows + r] = slope;
  }
}

dim3 panels(const TileRows& tile) {
  return {block_count(tile.columns, kPanelColumns), block_count(tile.rows, kPanelRows)};
}

void merge(const Parts& parts, float* max, float* sum, void* stream) {
  launch({block_count(parts.count, kMergeColumns), kThreads, stream}, merge_parts, parts, max, sum);
}

}  // namespace

void add_to_stats(const TileRows& tile, const TileMeaning& meaning, const StatBuffers& stats,
                  void* stream) {
  launch({panels(tile), kThreads, stream}, panel_stats, tile, meaning, stats);
  merge({stats.row_parts, row_part_count(tile.columns), tile.rows}, stats.row_max, stats.row_sum,
        stream);
  merge({stats.column_parts, column_part_count(tile.rows), tile.columns}, stats.column_max,
        stats.column_sum, stream);
}

void softmax_gradient(const TileRows& tile, const TileMeaning& meaning, const SoftmaxPass& pass,
                      void* stream) {
  const dim3 blocks(block_count(tile.columns, kThreads), block_count(tile.rows, kGradientRows));
  with_type(pass.out.number, [&]<typename T>(T*) {
    launch({blocks, kThreads, stream}, softmax_gradients<T>, tile, meaning, pass);
  });
}

void sigmoid_gradient(const TileRows& tile, const TileMeaning& meaning, const SigmoidPass& pass,
                      void* stream) {
  with_type(pass.out.number, [&]<typename T>(T*) {
    launch({panels(tile), kThreads, stream}, sigmoid_gradients<T>, tile, meaning, pass);
  });
}

}  // namespace tandem::kernels::cuda
