#pragma once

#include <string>
#include <vector>

#include "tandem/config/load.h"

namespace tandem::config {

/// Values that do not go together, or not alone, beyond their type and range.
struct Contradiction {
  std::vector<std::string> keys;  ///< The fields it is about.
  std::string what;               ///< Names keys and values.
};
using Contradictions = std::vector<Contradiction>;

void check_model(const ModelOptions& model, Contradictions& found);
/// Parts of check_model: the text tower's cross attention, and the text decoder.
void check_matching(const ModelOptions& model, Contradictions& found);
void check_decoder(const ModelOptions& model, Contradictions& found);
/// `prefix` is the section that the source is in, empty at the top.
void check_source(const SourceOptions& source, const std::string& prefix, Contradictions& found);
void check_run(const RunConfig& config, Contradictions& found);

}  // namespace tandem::config
