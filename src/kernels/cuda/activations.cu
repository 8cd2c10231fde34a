#include <type_traits>

#include "kernels/cuda/device_numbers.h"
#include "kernels/cuda/fused_rows.h"
#include "kernels/cuda/launch.h"

namespace tandem::kernels::cuda {
namespace {

constexpr int kColumnThreads = 128;

// An activation is x · share, and its slope share + x · density, where density is the share's
// slope.
struct Gate {
  float share;
  float density;
};

// sigmoid(x), and its slope times `factor`.
__device__ Gate sigmoid_at(float x, float factor) {
  const float share = __fdividef(1.0F, 1.0F + __expf(-x));
  return {share, factor * share * (1.0F - share)};
}

// The normal distribution's mass below x, and its density there. The mass beyond |x| by formula
// 7.1.26 of Abramowitz and Stegun, Handbook of Mathematical Functions, good to 1.5e-7: erff costs
// more than a GPU's memory leaves time for, and has no use for the density.
__device__ Gate normal_at(float x) {
  const float size = fabsf(x), bell = __expf(-0.5F * x * x);
  const float t = __fdividef(1.0F, 1.0F + 0.3275911F * 0.70710678F * size);
  const float series =
      ((((1.061405429F * t - 1.453152027F) * t + 1.421413741F) * t - 0.284496736F) * t +
       0.254829592F) *
      t;
  const float beyond = 0.5F * series * bell;
  return {x < 0.0F ? beyond : 1.0F - beyond, 0.39894228F * bell};
}

template <Activation kActivation>
__device__ Gate gate_at(float x) {
  if constexpr (kActivation == Activation::kGelu) return normal_at(x);
  if constexpr (kActivation == Activation::kQuickGelu) return sigmoid_at(1.702F * x, 1.702F);
  // (1 + tanh u) / 2 = sigmoid(2 u), with 2 u = 2 √(2 / π) (x + 0.044715 x³).
  const float square = x * x;
  return sigmoid_at(1.59576912F * x * (1.0F + 0.044715F * square),
                    1.59576912F * (1.0F + 0.134145F * square));
}

// Threads take a pack of columns of kRowsPerPart rows. Parts of rows are a grid's x, of which there
// may be two thousand million; of its y only 65,535.
template <Activation kActivation, typename T>
__global__ void bias_activation_rows(RowShape shape, const T* __restrict__ x, const T* bias,
                                     T* __restrict__ out) {
  constexpr int kPack = kPackSize<T>;
  const int64_t c = (int64_t{blockIdx.y} * kColumnThreads + threadIdx.x) * kPack;
  if (c >= shape.columns) return;
  float shift[kPack];
  read_pack(bias + c, shift);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < shape.rows ? first + kRowsPerPart : shape.rows;
#pragma unroll 4
  for (int64_t r = first; r < last; ++r) {
    float row[kPack];
    read_pack(x + r * shape.columns + c, row);
    for (int i = 0; i < kPack; ++i) {
      row[i] += shift[i];
      row[i] *= gate_at<kActivation>(row[i]).share;
    }
    write_pack(out + r * shape.columns + c, row);
  }
}

template <Activation kActivation, typename T>
__global__ void bias_activation_gradients(RowShape shape, ActivationBackward pass) {
  constexpr int kPack = kPackSize<T>;
  const int64_t c = (int64_t{blockIdx.y} * kColumnThreads + threadIdx.x) * kPack;
  if (c >= shape.columns) return;
  float shift[kPack], sum[kPack] = {};
  read_pack(static_cast<const T*>(pass.bias) + c, shift);
  const int64_t first = int64_t{blockIdx.x} * kRowsPerPart;
  const int64_t last = first + kRowsPerPart < shape.rows ? first + kRowsPerPart : shape.rows;
#pragma unroll 2
  for (int64_t r = first; r < last; ++r) {
    const int64_t at = r * shape.columns + c;
    float row[kPack], gradient[kPack];
    read_pack(static_cast<const T*>(pass.x) + at, row);
    read_pack(static_cast<const T*>(pass.gradient) + at, gradient);
    for (int i = 0; i < kPack; ++i) {
      const float value = row[i] + shift[i];
      const Gate gate = gate_at<kActivation>(value);
      gradient[i] *= gate.share + value * gate.density;
      sum[i] += gradient[i];
    }
    write_pack(static_cast<T*>(pass.input_gradient) + at, gradient);
  }
  write_pack(pass.bias_parts + blockIdx.x * shape.columns + c, sum);
}

template <typename T>
Grid column_grid(const RowShape& shape, void* stream) {
  return {dim3(block_count(shape.rows, kRowsPerPart),
               block_count(shape.columns, int64_t{kColumnThreads} * kPackSize<T>)),
          kColumnThreads, stream};
}

// Calls launch with the activation as a constant, and a pointer of the number's type.
template <typename Launch>
void with_activation(Activation activation, Number number, const Launch& launch) {
  with_type(number, [&]<typename T>(T* type) {
    switch (activation) {
      case Activation::kGelu:
        return launch(std::integral_constant<Activation, Activation::kGelu>{}, type);
      case Activation::kGeluTanh:
        return launch(std::integral_constant<Activation, Activation::kGeluTanh>{}, type);
      case Activation::kQuickGelu:
        return launch(std::integral_constant<Activation, Activation::kQuickGelu>{}, type);
    }
  });
}

}  // namespace

void bias_activation(const RowShape& shape, Activation activation, const ActivationForward& pass,
                     void* stream) {
  with_activation(
      activation, shape.number,
      [&]<Activation kActivation, typename T>(std::integral_constant<Activation, kActivation>, T*) {
        launch(column_grid<T>(shape, stream), bias_activation_rows<kActivation, T>, shape,
               static_cast<const T*>(pass.x), static_cast<const T*>(pass.bias),
               static_cast<T*>(pass.out));
      });
}

void bias_activation_backward(const RowShape& shape, Activation activation,
                              const ActivationBackward& pass, void* stream) {
  with_activation(
      activation, shape.number,
      [&]<Activation kActivation, typename T>(std::integral_constant<Activation, kActivation>, T*) {
        launch(column_grid<T>(shape, stream), bias_activation_gradients<kActivation, T>, shape,
               pass);
      });
}

}  // namespace tandem::kernels::cuda
