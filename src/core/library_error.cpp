#include "tandem/core/library_error.h"

#include <filesystem>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include <c10/util/Exception.h>

#include "tandem/core/files.h"

namespace tandem {
namespace {

constexpr std::string_view kJson = "[json.exception.";
constexpr std::string_view kPlace = "at line ";

Error out_of_memory() {
  return {ErrorKind::kInternal, ErrorText{.what = "out of memory", .hint = "a smaller batch size"}};
}

Error file_system(const std::filesystem::filesystem_error& error) {
  const bool missing = error.code() == std::errc::no_such_file_or_directory ||
                       error.code() == std::errc::not_a_directory;
  return {missing ? ErrorKind::kMissingInput : ErrorKind::kIo,
          ErrorText{.what = "the file system does not allow it",
                    .where = error.path1().string(),
                    .found = describe_system_error(error.code().value()),
                    .reason = missing ? "missing file" : "file system error"}};
}

Error thread_or_system(const std::system_error& error) {
  if (error.code() != std::errc::resource_unavailable_try_again)
    return {ErrorKind::kInternal, error.code().message()};
  return {ErrorKind::kDevice, ErrorText{.what = "cannot start a thread",
                                        .hint = "raise the limit on threads (ulimit -u)"}};
}

/// `[json.exception.parse_error.101] parse error at line 1, column 5: syntax error …`: the place is
/// ours to tell, and the rest quotes the file.
Error json(std::string_view words) {
  const size_t place = words.find(kPlace);
  const size_t end = words.find(':', place);
  if (place != std::string_view::npos && end != std::string_view::npos) {
    return {ErrorKind::kData,
            ErrorText{.what = "is not valid JSON",
                      .found = "an error " + std::string(words.substr(place, end - place))}};
  }
  const size_t begin = words.find("] ");
  if (begin != std::string_view::npos) words.remove_prefix(begin + 2);
  return {ErrorKind::kData, std::string(words)};
}

Error torch(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  // The CPU's allocator has no exception type.
  if (text.find("DefaultCPUAllocator: ") != std::string::npos) return out_of_memory();
  return {ErrorKind::kInternal, text.substr(0, text.find('\n'))};
}

}  // namespace

Error library_error(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const Error*>(&error)) return *ours;
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return out_of_memory();
  if (const auto* from_torch = dynamic_cast<const c10::Error*>(&error)) return torch(*from_torch);
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return out_of_memory();
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return file_system(*files);
  if (const auto* system = dynamic_cast<const std::system_error*>(&error))
    return thread_or_system(*system);
  const std::string_view words = error.what();
  if (words.starts_with(kJson)) return json(words);
  return {ErrorKind::kInternal, std::string(words.substr(0, words.find('\n')))};
}

}  // namespace tandem
