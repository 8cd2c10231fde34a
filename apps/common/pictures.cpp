#include "common/pictures.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <fmt/format.h>

#include "common/text_io.h"
#include "tandem/core/error.h"

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

[[noreturn]] void fail_listing(const fs::path& folder, const std::string& reason) {
  throw Error(ErrorKind::kMissingInput,
              {.what = "cannot list the folder", .where = folder.string(), .found = reason});
}

std::vector<fs::path> subfolders(const fs::path& root) {
  std::vector<fs::path> folders;
  try {
    for (const auto& entry : fs::directory_iterator(root))
      if (entry.is_directory()) folders.push_back(entry.path());
  } catch (const fs::filesystem_error& error) {
    fail_listing(root, error.code().message());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

std::vector<fs::path> list_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (is_picture_name(entry.path()) && !entry.is_directory()) files.push_back(entry.path());
  } catch (const fs::filesystem_error& error) {
    fail_listing(folder, error.code().message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

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

LabelledPictures list_labelled(const fs::path& root) {
  LabelledPictures pictures;
  for (const fs::path& folder : subfolders(root)) {
    const std::vector<fs::path> files = list_folder(folder);
    if (files.empty()) continue;
    pictures.labels.insert(pictures.labels.end(), files.size(),
                           static_cast<int64_t>(pictures.class_names.size()));
    pictures.files.insert(pictures.files.end(), files.begin(), files.end());
    pictures.class_names.push_back(folder.filename().string());
  }
  if (pictures.files.empty()) {
    throw Error(ErrorKind::kData, {.what = "there is no labelled picture",
                                   .where = root.string(),
                                   .expected = "one folder per class with pictures in it"});
  }
  return pictures;
}

}  // namespace tandem::apps
