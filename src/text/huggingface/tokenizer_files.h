#pragma once

#include <filesystem>
#include <memory>

#include "tandem/text/tokenizer.h"
#include "text/models/engine.h"

namespace tandem {

/// Reads whatever a path holds, as Tokenizer::load says.
[[nodiscard]] std::unique_ptr<TokenizerEngine> load_engine(const std::filesystem::path& path,
                                                           const TokenizerLoadOptions& options);

}  // namespace tandem
