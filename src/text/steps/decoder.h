#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/steps/json_view.h"

namespace tandem {

/// A step from tokens back to text. Immutable: threads may share it.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// Rewrites the tokens; joined, they are the text.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

/// Reads a `decoder` of a tokenizer.json. Throws kCheckpoint for one that is not known.
[[nodiscard]] std::unique_ptr<Decoder> read_decoder(const JsonView& json);

}  // namespace tandem
