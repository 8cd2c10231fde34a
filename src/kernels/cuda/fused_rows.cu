#include "kernels/cuda/fused_rows.h"

#include "kernels/cuda/device_numbers.h"
#include "kernels/cuda/launch.h"

namespace tandem::kernels::cuda {
namespace {

// The sum of `value` over the block, known to every thread. `parts` is free again afterwards.
__device__ float over_block(float value, float* parts) {
  value = sum_over_warp(value);
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  float sum = 0.0F;
  for (int warp = 0; warp < kWarps; ++warp) sum += parts[warp];
  __syncthreads();
  return sum;
}

// A block takes one row; the sum stays in shared memory, in fp32, between the three passes.
template <typename T>
__global__ void add_layer_norm_rows(int64_t columns, NormForward pass) {
  __shared__ float row[kWidestRow];
  __shared__ float parts[kWarps];
  const int64_t start = int64_t{blockIdx.x} * columns;
  const T* const x = static_cast<const T*>(pass.x) + start;
  const T* const residual = static_cast<const T*>(pass.residual) + start;
  T* const sum = static_cast<T*>(pass.sum) + start;
  T* const normed = static_cast<T*>(pass.normed) + start;
  float total = 0.0F;
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
    write(sum + c, read(x + c) + read(residual + c));
    row[c] = read(sum + c);  // rounded, as the next layer sees it
    total += row[c];
  }
  const float mean = over_block(total, parts) / static_cast<float>(columns);
  float squares = 0.0F;
  for (int64_t c = threadIdx.x; c < columns; c += kThreads)
    squares += (row[c] - mean) * (row[c] - mean);
  const float variance = over_block(squares, parts) / static_cast<float>(columns);
  const float inverse = rsqrtf(variance + pass.eps);
  const T* const weight = static_cast<const T*>(pass.weight);
  const T* const bias = static_cast<const T*>(pass.bias);
  for (int64_t c = threadIdx.x; c < columns; c += kThreads)
    write(normed + c, (row[c] - mean) * inverse * read(weight + c) + read(bias + c));
  if (threadIdx.x == 0) {
    pass.mean[blockIdx.x] = mean;
    pass.inverse[blockIdx.x] = inverse;
  }
}

// A block takes kRowsPerPart rows. A thread always has the same columns, so that their share of the
// gradients of weight and bias needs no other thread.
template <typename T>
__global__ void add_layer_norm_gradients(int64_t rows, int64_t columns, NormBackward pass) {
  __shared__ float weight_sum[kWidestRow], bias_sum[kWidestRow];
  __shared__ float parts[kWarps];
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) weight_sum[c] = bias_sum[c] = 0.0F;
  const T* const weight = static_cast<const T*>(pass.weight);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < rows ? first + kRowsPerPart : rows;
  for (int64_t r = first; r < last; ++r) {
    const T* const value = static_cast<const T*>(pass.sum) + r * columns;
    const T* const arriving = static_cast<const T*>(pass.normed_gradient) + r * columns;
    const float mean = pass.mean[r], inverse = pass.inverse[r];
    float plain = 0.0F, by_value = 0.0F;
    for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
      const float unit = (read(value + c) - mean) * inverse, gradient = read(arriving + c);
      const float scaled = gradient * read(weight + c);
      plain += scaled;
      by_value += scaled * unit;
      weight_sum[c] += gradient * unit;
      bias_sum[c] += gradient;
    }
    plain = over_block(plain, parts) / static_cast<float>(columns);
    by_value = over_block(by_value, parts) / static_cast<float>(columns);
    T* const out = static_cast<T*>(pass.input_gradient) + r * columns;
    for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
      const float unit = (read(value + c) - mean) * inverse;
      float gradient = inverse * (read(arriving + c) * read(weight + c) - plain - unit * by_value);
      if (pass.sum_gradient != nullptr)
        gradient += read(static_cast<const T*>(pass.sum_gradient) + r * columns + c);
      write(out + c, gradient);
    }
  }
  for (int64_t c = threadIdx.x; c < columns; c += kThreads) {
    pass.weight_parts[blockIdx.x * columns + c] = weight_sum[c];
    pass.bias_parts[blockIdx.x * columns + c] = bias_sum[c];
  }
}

constexpr float kInverseRoot2 = 0.70710678F;
constexpr float kInverseRoot2Pi = 0.39894228F;

__device__ float gelu(float x) { return 0.5F * x * (1.0F + erff(x * kInverseRoot2)); }
__device__ float gelu_slope(float x) {
  return 0.5F * (1.0F + erff(x * kInverseRoot2)) + x * kInverseRoot2Pi * expf(-0.5F * x * x);
}

// Threads take neighbouring columns of kRowsPerPart rows. Parts of rows are a grid's x, of which
// there may be two thousand million; of its y only 65,535.
template <typename T>
__global__ void bias_gelu_rows(int64_t rows, int64_t columns, const T* x, const T* bias, T* out) {
  const int64_t c = int64_t{blockIdx.y} * kThreads + threadIdx.x;
  if (c >= columns) return;
  const float shift = read(bias + c);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < rows ? first + kRowsPerPart : rows;
  for (int64_t r = first; r < last; ++r)
    write(out + r * columns + c, gelu(read(x + r * columns + c) + shift));
}

template <typename T>
__global__ void bias_gelu_gradients(int64_t rows, int64_t columns, GeluBackward pass) {
  const int64_t c = int64_t{blockIdx.y} * kThreads + threadIdx.x;
  if (c >= columns) return;
  const float shift = read(static_cast<const T*>(pass.bias) + c);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < rows ? first + kRowsPerPart : rows;
  float sum = 0.0F;
  for (int64_t r = first; r < last; ++r) {
    const int64_t at = r * columns + c;
    const float gradient = read(static_cast<const T*>(pass.gradient) + at) *
                           gelu_slope(read(static_cast<const T*>(pass.x) + at) + shift);
    write(static_cast<T*>(pass.input_gradient) + at, gradient);
    sum += gradient;
  }
  pass.bias_parts[blockIdx.x * columns + c] = sum;
}

// A thread makes one value of a patch; neighbours read neighbouring bytes of a row of the picture.
template <typename T>
__global__ void cut_patches(PatchShape shape, const uint8_t* images, const float* mean,
                            const float* std, T* out) {
  const int64_t P = shape.patch, n = shape.size / P, values = shape.channels * P * P;
  const int64_t at = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (at >= shape.count * n * n * values) return;
  const int64_t place = at % values, patch = at / values;
  const int64_t channel = place / (P * P), y = place / P % P, x = place % P;
  const int64_t picture = patch / (n * n), down = patch / n % n, across = patch % n;
  const int64_t row = (picture * shape.channels + channel) * shape.size + down * P + y;
  const float value = static_cast<float>(images[row * shape.size + across * P + x]);
  write(out + at, (value - mean[channel]) / std[channel]);
}

}  // namespace

void add_layer_norm(const RowShape& shape, const NormForward& pass, void* stream) {
  with_type(shape.number, [&]<typename T>(T*) {
    launch({block_count(shape.rows, 1), kThreads, stream}, add_layer_norm_rows<T>, shape.columns,
           pass);
  });
}

void add_layer_norm_backward(const RowShape& shape, const NormBackward& pass, void* stream) {
  with_type(shape.number, [&]<typename T>(T*) {
    launch({block_count(shape.rows, kRowsPerPart), kThreads, stream}, add_layer_norm_gradients<T>,
           shape.rows, shape.columns, pass);
  });
}

void bias_gelu(const RowShape& shape, const void* x, const void* bias, void* out, void* stream) {
  const dim3 blocks(block_count(shape.rows, kRowsPerPart), block_count(shape.columns, kThreads));
  with_type(shape.number, [&]<typename T>(T*) {
    launch({blocks, kThreads, stream}, bias_gelu_rows<T>, shape.rows, shape.columns,
           static_cast<const T*>(x), static_cast<const T*>(bias), static_cast<T*>(out));
  });
}

void bias_gelu_backward(const RowShape& shape, const GeluBackward& pass, void* stream) {
  const dim3 blocks(block_count(shape.rows, kRowsPerPart), block_count(shape.columns, kThreads));
  with_type(shape.number, [&]<typename T>(T*) {
    launch({blocks, kThreads, stream}, bias_gelu_gradients<T>, shape.rows, shape.columns, pass);
  });
}

void patches(const PatchShape& shape, const uint8_t* images, const float* mean, const float* std,
             void* out, void* stream) {
  const int64_t values = shape.count * shape.channels * shape.size * shape.size;
  with_type(shape.number, [&]<typename T>(T*) {
    launch({block_count(values, kThreads), kThreads, stream}, cut_patches<T>, shape, images, mean,
           std, static_cast<T*>(out));
  });
}

}  // namespace tandem::kernels::cuda
