#include "data/mixture.h"
#include "fuzz/memory_file.h"
#include "tandem/core/error.h"

/// Any bytes as the file of a mixture.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tandem::MemoryFile file(data, size);
  try {
    (void)tandem::read_mixture(file.path());
  } catch (const tandem::Error&) {  // a named error is the right answer to most bytes
  }
  return 0;
}
