#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tandem {

/// What happens to the numbers between their shape and ours. None changes a value.
enum class Transform {
  kAsIs,
  kTranspose,       ///< [A, B] ↔ [B, A]
  kPatches,         ///< their convolution [W, 3, P, P] ↔ our matrix [W, 3 · P · P]
  kLeadingAxis,     ///< their [1, …] ↔ our […]
  kTwoLeadingAxes,  ///< their [1, 1, …] ↔ our […]
  kScalar,          ///< their [1] (or []) ↔ our []
};

/// One row of a name map: data, used in both directions. `{}` stands for a block's number, ` + `
/// for tensors that lie one after the other along their first dimension.
struct NameRow {
  std::string_view ours;
  std::string_view theirs;
  Transform transform = Transform::kAsIs;
};

/// Rows below a prefix on either side.
struct NamePart {
  std::string ours;
  std::string theirs;
  std::span<const NameRow> rows;
};
using NameMap = std::vector<NamePart>;

}  // namespace tandem
