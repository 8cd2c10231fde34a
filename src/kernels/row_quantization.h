#pragma once

#include <cstdint>

namespace tandem::kernels {

/// Rows in 8 bits: value = scale · (byte − zero), scale and zero of the row. A row with a value
/// that is not finite has a scale that is NaN.
struct QuantizedRows {
  uint8_t* bytes;  ///< [rows, columns]
  float* scale;    ///< [rows]
  float* zero;     ///< [rows], whole numbers
};

/// Rounds x [rows, columns] to bytes from 0 to `largest`; 0.0 is kept exactly.
void quantize_rows(const float* x, int64_t rows, int64_t columns, float largest,
                   const QuantizedRows& out);

/// What makes outputs of products of bytes: per output channel, [columns] each.
struct OutputTerms {
  const float* weight_sum;  ///< The product of a row of ones.
  const float* bias;
};

/// Replaces products of bytes y [rows, columns] by those of the values, plus the bias.
void restore_rows(float* y, int64_t rows, int64_t columns, const QuantizedRows& from,
                  const OutputTerms& terms);

}  // namespace tandem::kernels
