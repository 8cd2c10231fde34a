#pragma once

#include <functional>

#include <torch/types.h>

#include "kernels/logit_tiles.h"

namespace tandem {

/// Rows and columns of a tile; the edge tiles are smaller.
struct TileShape {
  int64_t rows;
  int64_t columns;
  /// What suits a device: a tile stays in its last-level cache.
  static TileShape for_device(const torch::Device& device);
};

/// A matrix of logits [N, M] that is never held as a whole: scale · image · textᵀ.
struct LogitMatrix {
  torch::Tensor image;  ///< fp32 [N, D], contiguous.
  torch::Tensor text;   ///< fp32 [M, D], contiguous.
  torch::Tensor scale;  ///< fp32 scalar on the same device.
  TileShape tile;
};

/// One tile of it: rows [row, row + R) and columns [column, column + C).
struct LogitTile {
  torch::Tensor logits;       ///< [R, C]; the next tile takes its memory.
  torch::Tensor scaled_rows;  ///< scale · image of these rows, [R, D].
  int64_t row;
  int64_t column;

  /// The part of the matrix's diagonal that lies in this tile, a view of `logits`; its first
  /// element is diagonal_start(). Empty when the diagonal passes by.
  [[nodiscard]] torch::Tensor diagonal() const;
  [[nodiscard]] int64_t diagonal_start() const { return std::max(row, column); }
  [[nodiscard]] int64_t row_end() const { return row + logits.size(0); }
  [[nodiscard]] int64_t column_end() const { return column + logits.size(1); }
  /// marks pairs of one group, as kernels::mark.
  void mark(const kernels::GroupIds& groups, kernels::Relation relation) const;
};

/// Computes the tiles one after the other, row of tiles by row of tiles.
void for_each_tile(const LogitMatrix& matrix, const std::function<void(const LogitTile&)>& visit);

/// Gradients of a sum over the matrix, gathered tile by tile.
class LogitGradients {
 public:
  explicit LogitGradients(const LogitMatrix& matrix);
  /// Adds the tile's share; its `logits` hold the gradient with respect to the logits by now.
  void add(const LogitTile& tile);

  [[nodiscard]] torch::Tensor image() const { return image_ * matrix_.scale; }  // [N, D]
  [[nodiscard]] torch::Tensor text() const { return text_; }                    // [M, D]
  [[nodiscard]] torch::Tensor scale() const { return (image_ * matrix_.image).sum(); }

 private:
  const LogitMatrix& matrix_;
  torch::Tensor image_;  // Without the factor `scale`.
  torch::Tensor text_;
};

}  // namespace tandem
