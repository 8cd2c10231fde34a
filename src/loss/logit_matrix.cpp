#include "loss/logit_matrix.h"

#include <algorithm>

#include "loss/products.h"

namespace tandem {
namespace {

kernels::TileTerms terms_of(const LogitMatrix& matrix, int64_t row, int64_t column) {
  const auto [R, C] = matrix.tile;
  const int64_t row_end = std::min(row + R, matrix.image.size(0));
  const int64_t column_end = std::min(column + C, matrix.text.size(0));
  return {.scale = matrix.scale,
          .bias = matrix.bias,
          .shift = (matrix.first_row + row) - (matrix.first_column + column),
          .rows = matrix.groups.slice(matrix.first_row + row, matrix.first_row + row_end),
          .columns =
              matrix.groups.slice(matrix.first_column + column, matrix.first_column + column_end),
          .relation = matrix.relation};
}

}  // namespace

TileShape TileShape::for_device(const torch::Device& device) {
  return device.is_cpu() ? TileShape{1024, 1024} : TileShape{4096, 2048};
}

void for_each_tile(const LogitMatrix& matrix, const std::function<void(const LogitTile&)>& visit) {
  const int64_t N = matrix.image.size(0), M = matrix.text.size(0);
  const int64_t R = std::min(N, matrix.tile.rows), C = std::min(M, matrix.tile.columns);
  const torch::Tensor buffer = torch::empty({R * C}, matrix.options());
  for (int64_t row = 0; row < N; row += R) {
    const int64_t rows = std::min(R, N - row);
    for (int64_t column = 0; column < M; column += C) {
      const int64_t columns = std::min(C, M - column);
      const torch::Tensor products = buffer.narrow(0, 0, rows * columns).view({rows, columns});
      multiply(products, matrix.image.slice(0, row, row + rows),
               matrix.text.slice(0, column, column + columns).t());
      visit({.products = products,
             .terms = terms_of(matrix, row, column),
             .row = row,
             .column = column});
    }
  }
}

LogitGradients::LogitGradients(const LogitMatrix& matrix)
    : matrix_(matrix),
      image_(torch::zeros(matrix.image.sizes(), matrix.options())),
      text_(torch::zeros(matrix.text.sizes(), matrix.options())) {}

torch::Tensor LogitGradients::room_for(const LogitTile& tile) {
  if (matrix_.image.scalar_type() == image_.scalar_type()) return tile.products;
  if (!room_.defined()) room_ = torch::empty({tile.products.numel()}, matrix_.image.options());
  return room_.narrow(0, 0, tile.products.numel()).view(tile.products.sizes());
}

void LogitGradients::add(const LogitTile& tile, const torch::Tensor& gradient) {
  add_product(image_.slice(0, tile.row, tile.row_end()), gradient,
              matrix_.text.slice(0, tile.column, tile.column_end()));
  add_product(text_.slice(0, tile.column, tile.column_end()), gradient.t(),
              matrix_.image.slice(0, tile.row, tile.row_end()));
}

torch::Tensor LogitGradients::image() const {
  return (image_ * matrix_.scale).to(matrix_.image.scalar_type());
}
torch::Tensor LogitGradients::text() const {
  return (text_ * matrix_.scale).to(matrix_.text.scalar_type());
}
torch::Tensor LogitGradients::scale() const { return (image_ * matrix_.image).sum(); }

}  // namespace tandem
