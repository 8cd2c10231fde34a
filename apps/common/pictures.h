#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem::apps {

/// Returns the pictures that `arguments` name, in their order: a file stands for itself, a folder
/// for every .jpg, .jpeg, .png, .webp and .bmp below it, sorted by path, and `-` for the names on
/// standard input (one per line, or NUL-separated). A named file need not exist: that shows when it
/// is read. Throws kMissingInput for a folder that cannot be listed, and kData when no picture
/// comes of it all.
[[nodiscard]] std::vector<std::filesystem::path> list_pictures(
    const std::vector<std::string>& arguments);

/// The pictures of one folder, as list_pictures has them; none is no error.
[[nodiscard]] std::vector<std::filesystem::path> list_folder(const std::filesystem::path& folder);

/// A tree root/<class>/*: the class names, sorted, and each picture's class.
struct LabelledPictures {
  std::vector<std::string> class_names;
  std::vector<std::filesystem::path> files;
  std::vector<int64_t> labels;  ///< Index into class_names.
};
/// Throws kMissingInput when `root` is no folder, and kData when it has no folder with pictures.
[[nodiscard]] LabelledPictures list_labelled(const std::filesystem::path& root);

}  // namespace tandem::apps
