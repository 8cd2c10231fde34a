#include "tandem/core/memory.h"

#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace tandem {

void keep_freed_memory() noexcept {
#ifdef __GLIBC__
  constexpr int kOwnPages = 1 << 30;  // Bytes from which a block gets its own pages.
  constexpr int kKept = std::numeric_limits<int>::max();
  mallopt(M_MMAP_THRESHOLD, kOwnPages);
  mallopt(M_TRIM_THRESHOLD, kKept);
#endif
}

}  // namespace tandem
