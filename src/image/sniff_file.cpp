#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "tandem/image/sniff.h"

namespace tandem {
namespace {

constexpr size_t kHeadBytes = 4096;

/// The beginning of an open file; what it is instead if it has none.
ImageHeader sniff_descriptor(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return {.found = std::strerror(errno)};
  if (S_ISDIR(info.st_mode)) return {.found = "a folder"};
  if (!S_ISREG(info.st_mode)) return {.found = "not a regular file"};
  std::string head(kHeadBytes, '\0');
  size_t filled = 0;
  while (filled < head.size()) {
    const ssize_t count = ::read(descriptor, head.data() + filled, head.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {.found = std::strerror(errno)};
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  return sniff_image(std::string_view(head).substr(0, filled));
}

}  // namespace

bool has_picture_extension(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 7> kExtensions = {".jpg", ".jpeg", ".jpe", ".jfif",
                                                                  ".png", ".webp", ".bmp"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

ImageHeader sniff_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return {.found = std::strerror(errno)};
  ImageHeader header = sniff_descriptor(descriptor);
  ::close(descriptor);
  return header;
}

}  // namespace tandem
