#include "common/pictures.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

bool is_picture_name(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kExtensions = {".jpg", ".jpeg", ".png", ".webp",
                                                           ".bmp"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

// The entries of one folder that pictures are looked for in, and what is passed over.
struct Listing {
  std::vector<fs::path> pictures;
  std::vector<fs::path> folders;
  int64_t not_regular = 0;  // Pipes, sockets, broken or circular links with a picture's name.
  std::error_code error;    // Why the folder could not be read to its end.
};

// As a source of kind folder reads one. Links to folders are not followed: they may lead back.
void list_one(const fs::path& folder, Listing& found) {
  fs::directory_iterator entry(folder, found.error);
  for (; !found.error && entry != fs::directory_iterator(); entry.increment(found.error)) {
    if (entry->path().filename().string().starts_with('.')) continue;
    std::error_code unreachable;
    if (entry->is_directory(unreachable)) {
      if (!entry->is_symlink(unreachable)) found.folders.push_back(entry->path());
    } else if (is_picture_name(entry->path())) {
      const bool regular = entry->is_regular_file(unreachable);
      if (regular) found.pictures.push_back(entry->path());
      if (!regular) ++found.not_regular;
    }
  }
}

std::vector<fs::path> list_folder(const fs::path& root) {
  Listing found;
  found.folders.push_back(root);
  for (size_t next = 0; next < found.folders.size(); ++next) {
    const fs::path folder = found.folders[next];
    list_one(folder, found);
    if (!found.error) continue;
    const ErrorText problem{
        .what = "cannot list the folder", .where = folder.string(), .found = found.error.message()};
    if (next == 0) throw Error(ErrorKind::kMissingInput, problem);
    log_warn(fmt::format("{}: {}: found {}; it is left out.", problem.where, problem.what,
                         problem.found));
  }
  if (found.not_regular > 0)
    log_warn(fmt::format(
        "{}: {} entries with a picture's name are pipes, sockets or broken links and are left out.",
        root.string(), found.not_regular));
  std::sort(found.pictures.begin(), found.pictures.end());
  return found.pictures;
}

}  // namespace

std::vector<fs::path> list_pictures(const std::vector<std::string>& arguments) {
  std::vector<fs::path> files;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      for (const std::string& line : read_lines("-"))
        if (!line.empty()) files.emplace_back(line);
      continue;
    }
    std::error_code ignored;
    if (!fs::is_directory(argument, ignored)) {
      files.emplace_back(argument);
      continue;
    }
    const std::vector<fs::path> found = list_folder(argument);
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) {
    throw Error(ErrorKind::kData, {.what = "there is no picture",
                                   .where = fmt::format("{}", fmt::join(arguments, ", ")),
                                   .expected = ".jpg, .jpeg, .png, .webp or .bmp files"});
  }
  return files;
}

}  // namespace tandem::apps
