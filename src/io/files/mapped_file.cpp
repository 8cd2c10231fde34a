#include "io/files/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "tandem/core/error.h"

namespace tandem {

std::shared_ptr<uint8_t> map_file(const FileReader& file) {
  const uint64_t size = file.size();
  if (size == 0) return nullptr;
  void* const start =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(), 0);
  if (start == MAP_FAILED) {
    throw Error(ErrorKind::kIo,
                {.what = "cannot map", .where = file.name(), .found = std::strerror(errno)});
  }
  return {static_cast<uint8_t*>(start), [size](uint8_t* at) { ::munmap(at, size); }};
}

}  // namespace tandem
