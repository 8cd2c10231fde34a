#include "loss/logit_matrix.h"

#include <algorithm>

#include <ATen/ops/mm.h>

namespace tandem {

TileShape TileShape::for_device(const torch::Device& device) {
  return device.is_cpu() ? TileShape{1024, 1024} : TileShape{4096, 4096};
}

torch::Tensor LogitTile::diagonal() const {
  const int64_t start = diagonal_start();
  const int64_t end = std::min(row_end(), column_end());
  if (end <= start) return logits.new_empty({0});
  return logits.slice(0, start - row, end - row).slice(1, start - column, end - column).diagonal();
}

void LogitTile::mark(const kernels::GroupIds& groups, kernels::Relation relation) const {
  kernels::mark(logits, groups.slice(row, row_end()), groups.slice(column, column_end()), relation);
}

void for_each_tile(const LogitMatrix& matrix, const std::function<void(const LogitTile&)>& visit) {
  const int64_t N = matrix.image.size(0), M = matrix.text.size(0);
  const int64_t R = std::min(N, matrix.tile.rows), C = std::min(M, matrix.tile.columns);
  const torch::Tensor buffer = torch::empty({R * C}, matrix.image.options());
  for (int64_t row = 0; row < N; row += R) {
    const int64_t rows = std::min(R, N - row);
    const torch::Tensor scaled = matrix.image.slice(0, row, row + rows) * matrix.scale;  // [R, D]
    for (int64_t column = 0; column < M; column += C) {
      const int64_t columns = std::min(C, M - column);
      torch::Tensor logits = buffer.narrow(0, 0, rows * columns).view({rows, columns});
      at::mm_out(logits, scaled, matrix.text.slice(0, column, column + columns).t());
      visit({.logits = logits, .scaled_rows = scaled, .row = row, .column = column});
    }
  }
}

LogitGradients::LogitGradients(const LogitMatrix& matrix)
    : matrix_(matrix),
      image_(torch::zeros_like(matrix.image)),
      text_(torch::zeros_like(matrix.text)) {}

void LogitGradients::add(const LogitTile& tile) {
  image_.slice(0, tile.row, tile.row_end())
      .addmm_(tile.logits, matrix_.text.slice(0, tile.column, tile.column_end()));
  text_.slice(0, tile.column, tile.column_end()).addmm_(tile.logits.t(), tile.scaled_rows);
}

}  // namespace tandem
