#include "tandem/core/hash.h"

#include <xxhash.h>

namespace tandem {

uint64_t hash_bytes(std::string_view content) noexcept {
  return XXH3_64bits(content.data(), content.size());
}

}  // namespace tandem
