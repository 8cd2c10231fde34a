#include <cstdint>
#include <string_view>

#include "data/files/braces.h"
#include "tandem/core/error.h"

/// Any bytes as a shard's path with braces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)tandem::expand_braces({reinterpret_cast<const char*>(data), size});
  } catch (const tandem::Error&) {  // a named error is the right answer to many texts
  }
  return 0;
}
