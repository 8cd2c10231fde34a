#include "common/images.h"

#include <system_error>

#include <fmt/format.h>

#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/data/picture_walk.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

/// Adds the images below `root` to `files`; returns what was left out, in words.
std::string add_folder(const std::string& root, bool allow_outside_root,
                       std::vector<fs::path>& files) {
  const LeftOut left_out = walk_pictures(
      root, {.allow_outside_root = allow_outside_root},
      {.take = [&](const FoundPicture& image) { files.push_back(fs::path(root) / image.path); },
       .begin_class = {}});
  tell_left_out(root, left_out);
  return left_out.describe();
}

}  // namespace

void add_outside_root_option(CLI::App& app, bool& allow_outside_root) {
  app.add_flag("--allow-outside-root", allow_outside_root,
               "Follow relative paths and links that lead out of the image folder, as "
               "data.allow_outside_root does for a run");
}

std::vector<fs::path> list_images(const std::vector<std::string>& arguments,
                                  bool allow_outside_root) {
  std::vector<fs::path> files;
  std::string left_out;
  for (const std::string& argument : arguments) {
    if (argument == "-") {
      for (const std::string& line : read_file_list())
        if (!line.empty()) files.emplace_back(line);
      continue;
    }
    const std::string path = expand_home(argument);
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
      left_out = add_folder(path, allow_outside_root, files);
    else
      files.emplace_back(path);
  }
  if (files.empty()) {
    throw Error(ErrorKind::kData,
                {.what = "no images",
                 .where = fmt::format("{}", fmt::join(arguments, ", ")),
                 .expected = ".jpg, .jpeg, .png, .webp or .bmp files, or others that begin as one",
                 .found = left_out.empty() ? "" : "only what is left out: " + left_out});
  }
  return files;
}

}  // namespace tandem::apps
