#pragma once

#include <optional>
#include <string>

namespace tandem::apps {

struct ConvertArguments {
  std::string from;
  std::string to = "tandem";
  std::string input;
  std::string output;
  bool verify = false;
  std::string reference;  ///< With verify: a reference file; empty takes the golden sample.
  bool table = false;
  bool allow_pickle = false;
  bool force = false;
  int timm_heads = 0;
  std::string config;      ///< Of the input; empty: the one beside the weights.
  std::string model_name;  ///< open_clip's name of the input.
};

/// Converts and prints what was done. Returns the exit code: 0, or 65 when verification found a
/// difference; nothing is left at the output then.
[[nodiscard]] int convert(const ConvertArguments& arguments);

}  // namespace tandem::apps
