#pragma once

#include <cstdint>
#include <string>

#include "tandem/config/data_options.h"

namespace tandem::apps {

/// The command line of clip-tokenizer.
struct TokenizerArguments {
  std::string input;      ///< Text to train on, a caption per line.
  std::string output;     ///< The .model to write.
  std::string tokenizer;  ///< The file or folder to use.
  std::string model = "unigram";
  TokenizerOptions options;
  std::string cleaning = "none";
  int64_t context_length = int64_t{1} << 30;  ///< Beyond any line: nothing is cut.
};

/// Do what clip-tokenizer's --help says and return the exit code. encode and decode read lines from
/// standard input and write one line for each. Throw Error.
[[nodiscard]] int run_train(TokenizerArguments arguments);
[[nodiscard]] int run_encode(const TokenizerArguments& arguments);
[[nodiscard]] int run_decode(const TokenizerArguments& arguments);

}  // namespace tandem::apps
