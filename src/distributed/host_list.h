#pragma once

#include <string>
#include <string_view>

namespace tandem {

/// Returns the first host of a list in SLURM's form: "gpu007" of "gpu[007-009,012],cpu1". Empty for
/// an empty list.
[[nodiscard]] std::string first_host(std::string_view list);

}  // namespace tandem
