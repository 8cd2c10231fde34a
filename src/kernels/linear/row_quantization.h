#pragma once

#include <cstdint>

namespace tandem::kernels {

/// Rows in 8 bits: value = scale · (byte − zero), scale and zero of the row. A row with a value
/// that is not finite has a scale that is NaN.
struct QuantizedRows {
  uint8_t* bytes;  ///< [rows, columns]
  float* scale;    ///< [rows]
  float* zero;     ///< [rows], whole numbers
  int64_t rows;
  int64_t columns;
};

/// Rounds x [rows, columns] to bytes from 0 to `largest`; 0.0 is kept exactly.
void quantize_rows(const float* x, float largest, const QuantizedRows& out);

/// What products of bytes become outputs with, per output channel.
struct OutputTerms {
  const float* weight_sum;  ///< [channels], the product of a row of ones.
  const float* bias;        ///< [channels]
  int64_t channels;
};

/// Replaces products y [rows, channels] of the bytes of `from` by those of its values, plus bias.
void restore_rows(float* y, const QuantizedRows& from, const OutputTerms& terms);

}  // namespace tandem::kernels
