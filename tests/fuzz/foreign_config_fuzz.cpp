// Configurations of Hugging Face and open_clip from a stranger: they are refused with an Error, or
// read. Anything else (a crash, another exception, a hang) is a finding.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/temporary_folder.h"
#include "interop/reading/foreign_config.h"
#include "tandem/core/error.h"

namespace {

namespace fs = std::filesystem;

/// A folder of this process, best in memory (TMPDIR=/dev/shm).
const fs::path& folder() {
  static const tandem::TemporaryFolder made;
  return made.path();
}

void write(const char* name, const std::string& content) {
  std::ofstream(folder() / name, std::ios::binary) << content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The part behind a NUL is the configuration of the preprocessing.
  const std::string input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  write("config.json", input.substr(0, end));
  write("open_clip_config.json", input.substr(0, end));
  write("preprocessor_config.json", end == std::string::npos ? "{}" : input.substr(end + 1));
  const tandem::ForeignRequest request{.names = {}, .shapes = {}};
  for (const auto read : {tandem::read_hugging_face_config, tandem::read_open_clip_config}) {
    try {
      (void)read(folder(), request);
    } catch (const tandem::Error&) {
      continue;
    }
  }
  return 0;
}
