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

#include <fmt/format.h>

#include "image/formats/decode.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/image/sniff.h"

namespace tandem {
namespace {

constexpr size_t kHeadBytes = 4096;
constexpr uint64_t kMegabyte = uint64_t{1} << 20;

/// What the first `bytes` of an open file say.
ImageHeader sniff_descriptor(int descriptor, size_t bytes) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return {.found = std::strerror(errno)};
  if (S_ISDIR(info.st_mode)) return {.found = "a folder"};
  if (!S_ISREG(info.st_mode)) return {.found = "not a regular file"};
  std::string head(bytes, '\0');
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

ImageHeader sniff_head(const std::filesystem::path& path, size_t bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return {.found = std::strerror(errno)};
  ImageHeader header = sniff_descriptor(descriptor, bytes);
  ::close(descriptor);
  return header;
}

}  // namespace

bool has_picture_extension(const std::filesystem::path& path) {
  static constexpr std::array<std::string_view, 7> kExtensions = {".jpg", ".jpeg", ".jpe", ".jfif",
                                                                  ".png", ".webp", ".bmp"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

ImageHeader sniff_file(const std::filesystem::path& path) { return sniff_head(path, kHeadBytes); }

std::string read_image_file(const std::filesystem::path& path) {
  std::error_code unreachable;
  const uint64_t size = std::filesystem::file_size(path, unreachable);
  if (unreachable || size <= kMegabyte) return read_file(path, kMaxEncodedBytes);
  const ImageHeader header = sniff_head(path, kMegabyte);
  if (header.format == ImageFormat::kUnknown) reject_unknown(header, path.string());
  constexpr uint64_t kOtherBytes = 64 * kMegabyte;
  constexpr uint64_t kPixelBytes = 8;
  const auto pixels = static_cast<double>(header.width) * static_cast<double>(header.height);
  const double limit = static_cast<double>(kOtherBytes) + static_cast<double>(kPixelBytes) * pixels;
  if (static_cast<double>(size) > limit) {
    throw Error(ErrorKind::kData,
                {.what = "file is too large for its image size",
                 .where = path.string(),
                 .expected = fmt::format("at most {:.0f} bytes for {} x {} pixels", limit,
                                         header.width, header.height),
                 .found = std::to_string(size),
                 .reason = "file too large"});
  }
  return read_file(path, kMaxEncodedBytes);
}

}  // namespace tandem
