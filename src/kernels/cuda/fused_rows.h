#pragma once

#include <cstdint>

#include "kernels/cuda/numbers.h"
#include "tandem/config/model_options.h"

/// The passes of kernels/rows/fused_rows.h as CUDA kernels, on device pointers and a stream
/// (cudaStream_t). They return as soon as they are launched. Rows are contiguous, start at
/// multiples of kPackBytes, and so do all other pointers: these passes cost what memory costs, and
/// memory gives most in accesses of that size.
namespace tandem::kernels::cuda {

struct RowShape {
  int64_t rows;
  int64_t columns;
  Number number;  ///< Of everything that is void* below.
};
/// Widest row that the passes with LayerNorm take: a thread for each kPackBytes, 1024 in fp32.
constexpr int64_t kWidestRow = 4096;
/// Rows of which the gradients of weight and bias are summed by one block.
constexpr int64_t kRowsPerPart = 32;
inline int64_t part_count(int64_t rows) { return (rows + kRowsPerPart - 1) / kRowsPerPart; }

struct NormForward {
  const void* x;
  const void* residual;
  const void* weight;
  const void* bias;
  void* sum;
  void* normed;
  float* mean;     ///< [rows]
  float* inverse;  ///< [rows], 1 / √(variance + eps)
  float eps;
};
void add_layer_norm(const RowShape& shape, const NormForward& pass, void* stream);

struct NormBackward {
  const void* sum;
  const void* weight;
  const float* mean;
  const float* inverse;
  const void* sum_gradient;     ///< What arrives at `sum`; null for nothing.
  const void* normed_gradient;  ///< What arrives at `normed`.
  void* input_gradient;         ///< Of x and of residual alike.
  float* weight_parts;          ///< [part_count(rows), columns], to be added up.
  float* bias_parts;            ///< Likewise.
};
void add_layer_norm_backward(const RowShape& shape, const NormBackward& pass, void* stream);

struct ActivationForward {
  const void* x;
  const void* bias;
  void* out;
};
void bias_activation(const RowShape& shape, Activation activation, const ActivationForward& pass,
                     void* stream);

struct ActivationBackward {
  const void* x;
  const void* bias;
  const void* gradient;
  void* input_gradient;
  float* bias_parts;  ///< [part_count(rows), columns], to be added up.
};
void bias_activation_backward(const RowShape& shape, Activation activation,
                              const ActivationBackward& pass, void* stream);

struct PatchShape {
  int64_t count;
  int channels;
  int size;
  int patch;
  Number number;
};
void patches(const PatchShape& shape, const uint8_t* images, const float* mean, const float* std,
             void* out, void* stream);

}  // namespace tandem::kernels::cuda
