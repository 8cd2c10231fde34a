#pragma once

#include <cstddef>

#include "eval/treebank_rules.h"

namespace tandem {

/// The rule of abbreviations: "mr.", "etc.", "u.s.", a single letter with a full stop, and before a
/// number also "no." and "fig.".
[[nodiscard]] TreebankMatch match_abbreviation(const TreebankLine& line, size_t at);

/// Returns where letters that each have a full stop end ("u.s.", "a.m."), or `at` when there are
/// fewer than two.
[[nodiscard]] size_t acronym_end(const TreebankLine& line, size_t at);

}  // namespace tandem
