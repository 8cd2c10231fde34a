// A tokenizer.json from a stranger: it is refused with an Error, or it tokenises whatever stands
// after it in the input. Anything else (a crash, another exception, a hang) is a finding.

#include <cstddef>
#include <cstdint>
#include <string>

#include "tandem/core/error.h"
#include "tandem/text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  // The last line is the text, the lines before it are the file.
  const size_t end = input.find_last_of('\n');
  const std::string text =
      end == std::string::npos ? "a Photo, of 2 \xFF cats" : input.substr(end + 1);
  try {
    const auto tokenizer = tandem::Tokenizer::parse(input.substr(0, end), "fuzz.json");
    const tandem::Encoding encoding = tokenizer.encode(text, 64);
    (void)tokenizer.decode(encoding.ids);
  } catch (const tandem::Error&) {
    return 0;
  }
  return 0;
}
