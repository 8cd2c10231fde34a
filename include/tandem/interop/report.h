#pragma once

#include <string>
#include <vector>

namespace tandem {

/// One line of the table of a conversion. Fused tensors have several names on one side.
struct ConvertedTensor {
  std::vector<std::string> ours;
  std::vector<std::string> theirs;
  std::string our_shape;    ///< Of all of `ours` together, as "[96, 32]".
  std::string their_shape;  ///< Of all of `theirs` together.
  std::string transform;    ///< "as is", "transpose", …
};

/// Everything that a conversion did, and what it could not do.
struct ConversionReport {
  std::string family;  ///< "Hugging Face CLIP", "open_clip with a RoBERTa text tower", …
  std::vector<ConvertedTensor> tensors = {};
  std::vector<std::string> dropped =
      {};  ///< Known to carry no weight of this model, with the reason.
  std::vector<std::string> warnings = {};  ///< What the files do not say and embeddings depend on.
  std::vector<std::string> notes = {};     ///< Decisions that the files left open, as sentences.
  std::vector<std::string> missing = {};   ///< Their names of tensors that are not there.
  std::vector<std::string> unexpected = {};  ///< Tensors that no row of the name map knows.
  std::vector<std::string> misshapen = {};   ///< With both shapes.

  [[nodiscard]] bool complete() const {
    return missing.empty() && unexpected.empty() && misshapen.empty();
  }
};

/// Returns the report as text: one line per family, warning, note and dropped tensor, and, if
/// asked, the table of every tensor (ours, theirs, shape, transform). Ends with a line break.
[[nodiscard]] std::string report_text(const ConversionReport& report, bool with_table);

}  // namespace tandem
