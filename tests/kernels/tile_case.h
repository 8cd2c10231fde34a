#pragma once

#include <ostream>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kernels/random_values.h"
#include "kernels/tiles/logit_tiles.h"
#include "tandem/core/device.h"

namespace tandem::kernels {

inline torch::Tensor random_ids(int64_t count, uint64_t seed) {
  return torch::randint(0, 6, {count}, make_generator(torch::kCPU, seed), torch::kInt64);
}

/// A tile and where it lies in its matrix.
struct TileCase {
  int64_t rows;
  int64_t columns;
  int64_t shift = 0;
  bool grouped = false;
  Relation relation = Relation::kMask;

  [[nodiscard]] torch::Tensor products(uint64_t seed) const {
    return random_values({rows, columns}, seed, 2.0);
  }
  [[nodiscard]] TileTerms terms() const {
    TileTerms terms{.scale = torch::tensor(10.0F), .shift = shift, .relation = relation};
    if (!grouped) return terms;
    terms.rows = {random_ids(rows, 5), random_ids(rows, 6)};
    terms.columns = {random_ids(columns, 7), random_ids(columns, 8)};
    return terms;
  }
  /// Statistics of nothing.
  [[nodiscard]] TileStats no_stats() const {
    const auto options = torch::dtype(torch::kFloat32);
    return {.rows = SoftmaxStats::start(rows, options),
            .columns = SoftmaxStats::start(columns, options),
            .diagonal = torch::full({rows}, 7.0)};
  }
  /// What the gradient of the tile of `seed` needs.
  [[nodiscard]] SoftmaxShares shares(uint64_t seed) const {
    const TileStats stats = no_stats();
    add_to_stats_aten(products(seed), terms(), stats);
    return {.rows = {.max = stats.rows.max, .weight = random_values({rows}, 3)},
            .columns = {.max = stats.columns.max, .weight = random_values({columns}, 4)},
            .diagonal = random_values({rows}, 9)};
  }
  [[nodiscard]] SigmoidSums no_sums() const {
    return {.loss = torch::ones({rows}), .slope = torch::ones({rows})};
  }
};

inline void PrintTo(const TileCase& each, std::ostream* to) {
  *to << each.rows << " x " << each.columns << ", shift " << each.shift
      << (each.grouped ? (each.relation == Relation::kMask ? ", masked" : ", matched") : "");
}

/// Sizes that leave remainders in every direction: of vectors, warps, panels, chunks of rows. The
/// diagonal runs through a tile, through a corner of it, or passes by.
inline auto tile_cases() {
  return testing::Values(TileCase{1, 1}, TileCase{3, 7}, TileCase{64, 32, -5},
                         TileCase{65, 129, 90}, TileCase{200, 77, 300}, TileCase{33, 700, 512},
                         TileCase{65, 129, 3, true}, TileCase{40, 520, -20, true, Relation::kMatch},
                         TileCase{3, 7, 1, true, Relation::kMatch});
}

}  // namespace tandem::kernels
