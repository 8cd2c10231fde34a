#pragma once

#include <memory>
#include <string>

#include "text/steps/json_view.h"
#include "text/steps/pieces.h"

namespace tandem {

/// A step that cuts pieces into words: a pre-tokenizer. Immutable: threads may share it.
class Splitter {
 public:
  virtual ~Splitter() = default;
  virtual void split(Pieces& pieces) const = 0;
};

/// How a text becomes words.
struct SplitPlan {
  std::unique_ptr<Splitter> splitter;
  /// Whether the words, as a last step, go through to_byte_level. It is left to the caller, who can
  /// keep words in a cache by their shorter, original form.
  bool to_byte_level = false;
};

/// Reads a `pre_tokenizer` of a tokenizer.json. Throws kCheckpoint for one that is not known.
[[nodiscard]] SplitPlan read_split_plan(const JsonView& json);

/// Returns `text` with every byte as its character in a byte-level vocabulary (GPT-2's table).
[[nodiscard]] std::string to_byte_level(std::string_view text);
/// Returns the byte that a character stands for in it, or -1.
[[nodiscard]] int from_byte_level(char32_t c) noexcept;

}  // namespace tandem
