#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/models/word_model.h"
#include "text/steps/added_tokens.h"
#include "text/steps/json_view.h"

namespace tandem {

/// Reads the `model` of a tokenizer.json: BPE, WordPiece or Unigram. `where` names the file. Throws
/// kCheckpoint for another kind, and for ids that are out of range or used twice.
[[nodiscard]] std::unique_ptr<WordModel> read_word_model(const JsonView& json,
                                                         const std::string& where);

/// Reads the `added_tokens`. A token keeps the id that the model has for it; a new one gets the
/// next free id, in the order of the list, which must be the id that the file says.
[[nodiscard]] std::vector<AddedToken> read_added_tokens(const JsonView& json,
                                                        const WordModel& model);

}  // namespace tandem
