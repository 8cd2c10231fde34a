#include "tandem/core/library_error.h"

#include <filesystem>
#include <functional>
#include <new>
#include <system_error>

#include <c10/util/Exception.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tandem {
namespace {

/// What becomes of what `action` throws.
Error translated(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::exception& error) {
    return library_error(error);
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorKind::kInternal, ""};
}

void expect(const Error& error, ErrorKind kind, const std::string& text) {
  EXPECT_EQ(error.kind(), kind) << error.what();
  EXPECT_EQ(error.what(), text);
}

TEST(LibraryError, LeavesOursAsItIs) {
  expect(
      translated([] { throw Error(ErrorKind::kDiverged, ErrorText{.what = "no", .where = "a"}); }),
      ErrorKind::kDiverged, "a: no");
}

TEST(LibraryError, NamesTheFileAndTheReasonOfTheFileSystem) {
  const std::string name(300, 'n');
  expect(translated([&] { (void)std::filesystem::exists("/tmp/" + name); }), ErrorKind::kIo,
         "/tmp/" + name + ": the file system does not allow it: found File name too long");
  expect(translated([&] { (void)std::filesystem::file_size("/gone/file"); }),
         ErrorKind::kMissingInput,
         "/gone/file: the file system does not allow it: found No such file or directory");
}

TEST(LibraryError, TellsThePlaceInJsonAndQuotesNothing) {
  const Error error = translated([] {
    const auto json = nlohmann::json::parse("{\"a\":\n \"" + std::string(5000, 'x') + "\" : }");
  });
  expect(error, ErrorKind::kData, "is not valid JSON: found an error at line 2, column 5005");
  expect(translated([] { (void)nlohmann::json("text").get<int>(); }), ErrorKind::kData,
         "type must be number, but is string");
}

TEST(LibraryError, LeavesLibTorchsStackTraceOut) {
  const Error error = translated([] { TORCH_CHECK(false, "mat1 and mat2 differ\nsecond line"); });
  expect(error, ErrorKind::kInternal, "mat1 and mat2 differ");
}

TEST(LibraryError, SaysWhatToDoWithoutMemoryOrThreads) {
  const std::string memory = "out of memory. Try: a smaller batch size";
  expect(translated([] { throw std::bad_alloc(); }), ErrorKind::kInternal, memory);
  expect(translated([] { TORCH_CHECK(false, "DefaultCPUAllocator: can't allocate memory"); }),
         ErrorKind::kInternal, memory);
  expect(translated([] {
           throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
         }),
         ErrorKind::kDevice, "cannot start a thread. Try: raise the limit on threads (ulimit -u)");
}

TEST(LibraryError, TakesTheFirstLineOfAnythingElse) {
  expect(translated([] { throw std::runtime_error("first\nsecond"); }), ErrorKind::kInternal,
         "first");
}

}  // namespace
}  // namespace tandem
