#pragma once

#include <memory>
#include <string>

#include "text/models/engine.h"

namespace tandem {

/// Makes a tokenizer of a tokenizer.json. Beside the file's own parts, a member "tandem" says what
/// Hugging Face keeps in other files or in code: `{"cleaning": "canonicalize", "special_tokens":
/// {"bos_token": …, "eos_token": …, "pad_token": …, "unk_token": …}}`; the package itself passes
/// over it. With `lowercase`, texts are lower-cased before anything else. Throws kCheckpoint.
[[nodiscard]] std::unique_ptr<TokenizerEngine> make_json_engine(std::string content,
                                                                const std::string& where,
                                                                bool lowercase);

}  // namespace tandem
