#include "data/files/picture_root.h"

#include <string>
#include <system_error>

#include <fmt/format.h>

#include "data/files/access_problem.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

fs::path without_slash(const fs::path& path) {
  return path.has_filename() ? path : path.parent_path();
}

/// Both absolute and normal.
bool is_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

[[noreturn]] void refuse_outside(std::string_view written, const fs::path& folder) {
  throw Error(
      ErrorKind::kData,
      {.what = "the image path leads out of the data folder",
       .where = std::string(written),
       .expected = "a path inside " + folder.string(),
       .hint = "image_root, set to a folder that contains all images, or allow_outside_root",
       .reason = "outside root"});
}

[[noreturn]] void refuse_file(const fs::path& path, const std::error_code& error, bool relative) {
  const bool missing =
      error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory;
  throw Error(
      ErrorKind::kMissingInput,
      {.what = missing ? "the image is missing" : "the image cannot be read",
       .where = path.string(),
       .found = missing ? "" : access_problem(path.string(), error.value()),
       .hint = missing && relative ? "image_root, the folder that image paths are relative to" : "",
       .reason = missing ? "missing file" : "unreadable file"});
}

}  // namespace

PictureRoot::PictureRoot(const fs::path& folder, bool allow_outside)
    : folder_(without_slash(fs::absolute(folder.empty() ? "." : folder).lexically_normal())),
      allow_outside_(allow_outside) {
  std::error_code error;
  canonical_ = fs::canonical(folder_, error);
  if (error || !fs::is_directory(canonical_, error)) {
    throw Error(ErrorKind::kMissingInput,
                {.what = "the image folder does not exist",
                 .where = folder_.string(),
                 .found = error ? access_problem(folder_.string(), error.value()) : "a file",
                 .hint = relative_path_hint(folder)});
  }
}

bool PictureRoot::contains(const fs::path& real) const { return is_inside(real, canonical_); }

fs::path PictureRoot::locate(std::string_view written) const {
  if (written.empty() || written.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::kData,
                ErrorText{.what = "the image path is empty or contains a zero byte",
                          .reason = "bad record"});
  }
  const fs::path expanded = expand_home(written);
  const fs::path path = (folder_ / expanded).lexically_normal();
  const bool guarded = expanded.is_relative() && !allow_outside_;
  if (guarded && !is_inside(path, folder_)) refuse_outside(written, folder_);
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) refuse_file(path, error, expanded.is_relative());
  if (guarded && !contains(real)) refuse_outside(written, folder_);
  const fs::file_status status = fs::status(real, error);
  if (error) refuse_file(path, error, expanded.is_relative());
  if (!fs::is_regular_file(status)) {
    throw Error(
        ErrorKind::kMissingInput,
        {.what = "is not a regular file", .where = path.string(), .reason = "not a regular file"});
  }
  return path;
}

}  // namespace tandem
