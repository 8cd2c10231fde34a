#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tandem {

struct PictureWalkOptions {
  bool by_class = false;            ///< Only root/<class>/*; else folders at any depth.
  bool take_texts = false;          ///< A .txt beside an image is its caption.
  bool allow_outside_root = false;  ///< Follow links that lead out of the root.
};

/// An image that a walk has found.
struct FoundPicture {
  std::string path = {};  ///< From the root.
  bool has_text = false;  ///< A file of the same name with the extension .txt lies beside it.
};

/// What a walk leaves out, each entry counted once.
struct LeftOut {
  int64_t texts = 0;                               ///< .txt beside an image, where not taken.
  std::map<std::string, int64_t> extensions = {};  ///< Other files that are no images.
  int64_t hidden = 0;                              ///< Names that begin with a dot.
  int64_t links_out = 0;                           ///< Links that lead out of the root.
  int64_t links_in = 0;     ///< Links to folders inside, whose images are taken where they lie.
  int64_t not_regular = 0;  ///< Pipes, sockets, devices, broken and circular links.
  int64_t nested = 0;       ///< By class: folders inside a class folder.
  int64_t stray = 0;        ///< By class: images that are in no class folder.
  std::vector<std::string> unlisted = {};  ///< Folders that cannot be listed.

  /// Returns the counts by reason, as "3 hidden, 2 folders nested in a class folder"; empty when
  /// nothing was left out.
  [[nodiscard]] std::string describe() const;
};

/// Who receives what a walk finds.
struct PictureTaker {
  std::function<void(FoundPicture)> take = {};
  std::function<void(const std::string&)> begin_class =
      {};  ///< By class: called with the name of a class folder before its images.
};

/// Looks for images below `root` and hands them over in the order of their paths, names compared
/// byte by byte. An image is a regular file, or a link to one, whose name says so
/// (has_picture_extension) or whose first bytes are those of an image; .txt and .json are never
/// opened. Throws kMissingInput for a root, or by class for a class folder, that cannot be listed.
[[nodiscard]] LeftOut walk_pictures(const std::filesystem::path& root,
                                    const PictureWalkOptions& options, const PictureTaker& taker);

/// Logs what was left out of `root` in one line, as a warning; nothing where all of it is hidden.
void tell_left_out(const std::string& root, const LeftOut& left_out);

}  // namespace tandem
