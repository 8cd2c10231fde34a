#include <cstdlib>
#include <string>
#include <vector>

#include "tandem/config/load.h"
#include "tandem/core/error.h"

namespace {

/// Runs `read`, for which a named error is the right answer to most bytes.
template <typename Read>
void allow_errors(const Read& read) {
  try {
    read();
  } catch (const tandem::Error&) {
    return;
  }
}

}  // namespace

/// Any bytes as a configuration, with the last line as an override: what is accepted is written as
/// text that gives the same configuration.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find_last_of('\n');
  std::vector<std::string> overrides;
  if (end != std::string::npos && end + 1 < size) overrides.push_back(input.substr(end + 1));
  allow_errors([&] {
    const std::string text = to_json(tandem::parse_run_config(input.substr(0, end), overrides));
    try {
      if (to_json(tandem::parse_run_config(text)) != text) std::abort();
    } catch (const tandem::Error&) {
      std::abort();
    }
  });
  allow_errors([&] { (void)to_json(tandem::parse_model_config(input, "fuzz")); });
  allow_errors([&] { (void)tandem::parse_source(input, "fuzz"); });
  return 0;
}
