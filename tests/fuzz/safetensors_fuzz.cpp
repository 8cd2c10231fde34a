#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "io/safetensors/safetensors_header.h"
#include "tandem/core/error.h"

namespace {

bool same(const tandem::SafetensorsHeader& a, const tandem::SafetensorsHeader& b) {
  return a.metadata == b.metadata &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const tandem::TensorEntry& one, const tandem::TensorEntry& other) {
                      return one.dtype == other.dtype && one.shape == other.shape &&
                             one.begin == other.begin && one.end == other.end;
                    });
}

}  // namespace

/// Any bytes as a safetensors file: its tensors cover what follows the header exactly, and the
/// header can be written and read back.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    const uint64_t length = tandem::check_header_length(file.substr(0, 512), size, "fuzz");
    if (length > size - 8) std::abort();
    const uint64_t data_bytes = size - 8 - length;
    const auto header =
        tandem::parse_safetensors_header(file.substr(8, length), data_bytes, "fuzz");
    uint64_t covered = 0;
    for (const tandem::TensorEntry& entry : header.entries) {
      if (entry.begin != covered || entry.end < entry.begin) std::abort();
      covered = entry.end;
    }
    if (covered != data_bytes) std::abort();
    const std::string start = tandem::compose_safetensors_header(header);
    const uint64_t again = tandem::check_header_length(std::string_view(start).substr(0, 512),
                                                       start.size() + data_bytes, "fuzz");
    if (again + 8 != start.size()) std::abort();
    if (!same(header, tandem::parse_safetensors_header(std::string_view(start).substr(8),
                                                       data_bytes, "fuzz")))
      std::abort();
  } catch (const tandem::Error&) {  // a named error is the right answer to most bytes
  }
  return 0;
}
