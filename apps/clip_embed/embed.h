#pragma once

#include <string>
#include <vector>

#include "common/model_arguments.h"

namespace tandem::apps {

/// The command line of clip-embed.
struct EmbedArguments {
  ModelArguments model;
  std::vector<std::string> images;
  bool allow_outside_root = false;
  std::string texts;  ///< File with one text per line.
  std::string data;   ///< JSON file with one data source.
  std::string output;
  std::string dtype = "float16";
  std::string metadata_format = "jsonl";
};

/// Does what clip-embed's --help says and returns the exit code: 0, or what the things left out
/// amount to (65 damaged, 66 when all of them are only missing). Throws Error.
[[nodiscard]] int run_embed(const EmbedArguments& arguments);

}  // namespace tandem::apps
