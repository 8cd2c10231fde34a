#pragma once

#include <cstdint>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Option->check(at_least(1)): accepts whole numbers from `least` on, which fit into an int64_t.
[[nodiscard]] CLI::Validator at_least(int64_t least);

/// Option->check(not_empty()): refuses "", as a shell variable that was never set gives it.
[[nodiscard]] CLI::Validator not_empty();

/// Option->check(is_background()): accepts what data.transform.background does, save "".
[[nodiscard]] CLI::Validator is_background();

}  // namespace tandem::apps
