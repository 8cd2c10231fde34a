#include <cstdlib>
#include <string>
#include <string_view>

#include "fuzz/memory_file.h"
#include "io/pickle/unpickler.h"
#include "io/pickle/zip_directory.h"
#include "tandem/core/error.h"

/// Any bytes as a file of torch.save: an archive whose entries lie inside the file, or a pickle by
/// itself.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (!bytes.starts_with("PK")) {
      (void)tandem::skip_pickle(bytes, "fuzz");
      (void)tandem::read_text_list(bytes, "fuzz");
      (void)tandem::read_state_dict(bytes, "fuzz");
      return 0;
    }
    const tandem::MemoryFile memory(data, size);
    const tandem::FileReader file(memory.path());
    for (const auto& [name, entry] : tandem::read_zip_directory(file, "fuzz")) {
      if (entry.offset > size || entry.bytes > size - entry.offset) std::abort();
      if (!name.ends_with("data.pkl")) continue;
      for (const auto& [key, tensor] :
           tandem::read_state_dict(file.read(entry.offset, entry.bytes), "fuzz").tensors)
        if (tensor.shape.size() != tensor.strides.size()) std::abort();
    }
  } catch (const tandem::Error&) {  // a named error is the right answer to most bytes
  }
  return 0;
}
