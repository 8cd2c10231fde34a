#pragma once

#include <functional>

#include <torch/types.h>

#include "kernels/tiles/logit_tiles.h"

namespace tandem {

/// Rows and columns of a tile; the edge tiles are smaller.
struct TileShape {
  int64_t rows;
  int64_t columns;
  /// What suits a device: a tile stays in its last-level cache.
  static TileShape for_device(const torch::Device& device);
};

/// A matrix of logits [N, M] that is never held as a whole: scale · image · textᵀ + bias. A pair
/// and itself stand on its diagonal.
struct LogitMatrix {
  torch::Tensor image;            ///< fp32 or fp64 [N, D], contiguous; bf16 where the device
                                  ///< multiplies it.
  torch::Tensor text;             ///< Likewise [M, D].
  torch::Tensor scale;            ///< Scalar on the same device, fp64 where the embeddings are.
  torch::Tensor bias = {};        ///< Likewise, or undefined.
  kernels::GroupIds groups = {};  ///< Of all pairs, on the same device, or undefined.
  kernels::Relation relation = kernels::Relation::kMask;  ///< Of pairs that share a group.
  TileShape tile;
  /// The pairs of its first row and column, where it is a part of the matrix of all pairs.
  int64_t first_row = 0;
  int64_t first_column = 0;

  /// Of results on the matrix's device: fp64 where the embeddings are, else fp32.
  [[nodiscard]] torch::TensorOptions options() const {
    const bool is_double = image.scalar_type() == torch::kFloat64;
    return image.options().dtype(is_double ? torch::kFloat64 : torch::kFloat32);
  }
};

/// One tile of it: rows [row, row + R) and columns [column, column + C).
struct LogitTile {
  torch::Tensor products;  ///< image · textᵀ, fp32 [R, C]; the next tile takes its memory.
  kernels::TileTerms terms;
  int64_t row;
  int64_t column;

  [[nodiscard]] int64_t row_end() const { return row + products.size(0); }
  [[nodiscard]] int64_t column_end() const { return column + products.size(1); }
};

/// Computes the tiles one after the other, row of tiles by row of tiles.
void for_each_tile(const LogitMatrix& matrix, const std::function<void(const LogitTile&)>& visit);

/// Gradients of a sum over the matrix, gathered tile by tile.
class LogitGradients {
 public:
  explicit LogitGradients(const LogitMatrix& matrix);
  /// Where the gradient with respect to the tile's logits goes: [R, C] in the embeddings' dtype,
  /// the tile's own memory where that is fp32.
  [[nodiscard]] torch::Tensor room_for(const LogitTile& tile);
  /// Adds the tile's share, `gradient` being what room_for gave.
  void add(const LogitTile& tile, const torch::Tensor& gradient);

  [[nodiscard]] torch::Tensor image() const;  // [N, D], in the embeddings' dtype
  [[nodiscard]] torch::Tensor text() const;   // [M, D]
  [[nodiscard]] torch::Tensor scale() const;

 private:
  const LogitMatrix& matrix_;
  torch::Tensor image_;  // fp32, like the next without the factor `scale`
  torch::Tensor text_;
  torch::Tensor room_;
};

}  // namespace tandem
