#include "kernels/cuda/fused_rows.h"

#include "kernels/cuda/device_numbers.h"
#include "kernels/cuda/launch.h"

namespace tandem::kernels::cuda {
namespace {

constexpr int kMostWarps = 32;  // Of a block.
constexpr int kPixels = 16;  // That a thread takes of a picture's row, where they are in one patch.

// Threads of a block: along x those that share a row, whole warps with a pack of columns each.
template <typename T>
dim3 row_threads(int64_t columns, int block) {
  const unsigned warps = block_count(columns, kWarp * kPackSize<T>);
  const unsigned rows = static_cast<unsigned>(block) / (warps * kWarp);
  return {warps * kWarp, rows > 1 ? rows : 1};
}

// The sum of `value` over the threads of this thread's row, known to all of them. `parts` has room
// for every warp of the block, and is not free again before the next __syncthreads.
__device__ float over_row(float value, float* parts) {
  value = sum_over_warp(value);
  const unsigned warps = blockDim.x / kWarp;
  float* const own = parts + threadIdx.y * warps;
  if (threadIdx.x % kWarp == 0) own[threadIdx.x / kWarp] = value;
  __syncthreads();
  float sum = 0.0F;
#pragma unroll 1
  for (unsigned warp = 0; warp < warps; ++warp) sum += own[warp];
  return sum;
}

// A row is read once, and stays in its threads' registers.
template <typename T>
__global__ void __launch_bounds__(kWidestRow / kPackSize<T>)
    add_layer_norm_rows(RowShape shape, NormForward pass) {
  constexpr int kPack = kPackSize<T>;
  __shared__ float totals[kMostWarps], squares[kMostWarps];
  const int64_t r = int64_t{blockIdx.x} * blockDim.y + threadIdx.y;
  const int64_t c = int64_t{threadIdx.x} * kPack;
  const bool inside = r < shape.rows && c < shape.columns;
  const int64_t at = r * shape.columns + c;
  float row[kPack] = {}, residual[kPack];
  float total = 0.0F;
  if (inside) {
    read_pack(static_cast<const T*>(pass.x) + at, row);
    read_pack(static_cast<const T*>(pass.residual) + at, residual);
    for (int i = 0; i < kPack; ++i) {
      T rounded;  // As the next layer sees it.
      write(&rounded, row[i] + residual[i]);
      row[i] = number(rounded);
      total += row[i];
    }
    write_pack(static_cast<T*>(pass.sum) + at, row);
  }
  const float share = 1.0F / static_cast<float>(shape.columns);
  const float mean = over_row(total, totals) * share;
  float square = 0.0F;
  for (int i = 0; inside && i < kPack; ++i) square += (row[i] - mean) * (row[i] - mean);
  const float inverse = rsqrtf(over_row(square, squares) * share + pass.eps);
  if (!inside) return;
  float weight[kPack], bias[kPack];
  read_pack(static_cast<const T*>(pass.weight) + c, weight);
  read_pack(static_cast<const T*>(pass.bias) + c, bias);
  for (int i = 0; i < kPack; ++i) row[i] = (row[i] - mean) * inverse * weight[i] + bias[i];
  write_pack(static_cast<T*>(pass.normed) + at, row);
  if (c == 0) {
    pass.mean[r] = mean;
    pass.inverse[r] = inverse;
  }
}

// A block takes kRowsPerPart rows, one after the other. A thread always has the same columns, so
// that their share of the gradients of weight and bias needs no other thread.
template <typename T>
__global__ void __launch_bounds__(kWidestRow / kPackSize<T>)
    add_layer_norm_gradients(RowShape shape, NormBackward pass) {
  constexpr int kPack = kPackSize<T>;
  __shared__ float plain_parts[kMostWarps], by_unit_parts[kMostWarps];
  const int64_t c = int64_t{threadIdx.x} * kPack;
  const bool inside = c < shape.columns;
  const float share = 1.0F / static_cast<float>(shape.columns);
  float weight[kPack] = {}, weight_sum[kPack] = {}, bias_sum[kPack] = {};
  if (inside) read_pack(static_cast<const T*>(pass.weight) + c, weight);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < shape.rows ? first + kRowsPerPart : shape.rows;
  for (int64_t r = first; r < last; ++r) {
    const int64_t at = r * shape.columns + c;
    float unit[kPack] = {}, gradient[kPack] = {}, of_sum[kPack] = {};
    float plain = 0.0F, by_unit = 0.0F;
    const float inverse = pass.inverse[r];
    if (inside) {
      read_pack(static_cast<const T*>(pass.sum) + at, unit);
      read_pack(static_cast<const T*>(pass.normed_gradient) + at, gradient);
      if (pass.sum_gradient != nullptr)
        read_pack(static_cast<const T*>(pass.sum_gradient) + at, of_sum);
      const float mean = pass.mean[r];
      for (int i = 0; i < kPack; ++i) {
        unit[i] = (unit[i] - mean) * inverse;
        weight_sum[i] += gradient[i] * unit[i];
        bias_sum[i] += gradient[i];
        gradient[i] *= weight[i];
        plain += gradient[i];
        by_unit += gradient[i] * unit[i];
      }
    }
    plain = over_row(plain, plain_parts) * share;
    by_unit = over_row(by_unit, by_unit_parts) * share;
    if (!inside) continue;
    for (int i = 0; i < kPack; ++i)
      of_sum[i] += inverse * (gradient[i] - plain - unit[i] * by_unit);
    write_pack(static_cast<T*>(pass.input_gradient) + at, of_sum);
  }
  if (!inside) return;
  write_pack(pass.weight_parts + blockIdx.x * shape.columns + c, weight_sum);
  write_pack(pass.bias_parts + blockIdx.x * shape.columns + c, bias_sum);
}

// A thread makes kCount neighbouring values of a patch; a picture takes some blocks.
template <typename T, int kCount>
__global__ void cut_patches(PatchShape shape, int blocks, const uint8_t* images, const float* mean,
                            const float* std, T* out) {
  const int P = shape.patch, n = shape.size / P, side = n * P / kCount;
  const int64_t picture = blockIdx.x / blocks;
  const auto at = static_cast<int>(blockIdx.x % blocks * kThreads + threadIdx.x);
  const int line = at / side, x = at % side * kCount;  // Of the channels' rows and columns.
  const int channel = line / (n * P), y = line % (n * P);
  if (channel >= shape.channels) return;
  const int64_t row = (picture * shape.channels + channel) * shape.size + y;
  float values[kCount];
  read_pack(images + row * shape.size + x, values);
  const float shift = mean[channel], scale = 1.0F / std[channel];
  for (int i = 0; i < kCount; ++i) values[i] = (values[i] - shift) * scale;
  const int64_t patch = (picture * n + y / P) * n + x / P;
  const int place = (channel * P + y % P) * P + x % P;
  write_pack(out + patch * shape.channels * P * P + place, values);
}

}  // namespace

void add_layer_norm(const RowShape& shape, const NormForward& pass, void* stream) {
  with_type(shape.number, [&]<typename T>(T*) {
    const dim3 threads = row_threads<T>(shape.columns, kThreads);
    launch({block_count(shape.rows, threads.y), threads, stream}, add_layer_norm_rows<T>, shape,
           pass);
  });
}

void add_layer_norm_backward(const RowShape& shape, const NormBackward& pass, void* stream) {
  with_type(shape.number, [&]<typename T>(T*) {
    launch({block_count(shape.rows, kRowsPerPart), row_threads<T>(shape.columns, 1), stream},
           add_layer_norm_gradients<T>, shape, pass);
  });
}

void patches(const PatchShape& shape, const uint8_t* images, const float* mean, const float* std,
             void* out, void* stream) {
  const bool in_packs = shape.patch % kPixels == 0 && shape.size % kPixels == 0;
  const int64_t side = int64_t{shape.size / shape.patch} * shape.patch;
  const int64_t threads = shape.channels * side * side / (in_packs ? kPixels : 1);
  const unsigned blocks = block_count(threads, kThreads);  // Of a picture.
  with_type(shape.number, [&]<typename T>(T*) {
    launch({block_count(shape.count * blocks, 1), kThreads, stream},
           in_packs ? cut_patches<T, kPixels> : cut_patches<T, 1>, shape, static_cast<int>(blocks),
           images, mean, std, static_cast<T*>(out));
  });
}

}  // namespace tandem::kernels::cuda
