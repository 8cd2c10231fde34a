#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

/// The captions of one picture, as a file lists them.
struct PictureCaptions {
  std::string image = {};      ///< Path or id, as the file has it.
  std::string file_name = {};  ///< The path that COCO's `images` give for an id; else empty.
  std::vector<std::string> captions = {};
};

/// Reads a file of captions without its pictures, as it is written by captioning programs and data
/// sets, plain or gzip. Pictures are in the order in which the file first names them.
///
/// - JSON: a list of objects (COCO's results), or an object with the list `annotations` and perhaps
///   `images` (COCO's captions).
/// - JSON lines: one such object per line.
/// - A table separated by tabs, or by commas after the first line "image,caption": path and
///   caption. A first line "filepath<TAB>title", "image<TAB>caption" or "image_id<TAB>caption" is
///   no caption.
///
/// An object holds `image_id` (a whole number or a string) or `image`, and `caption` or `captions`
/// (a string or a list of strings). Throws kMissingInput, and kData with the record or line that is
/// wrong, and for a file without captions.
[[nodiscard]] std::vector<PictureCaptions> read_picture_captions(const std::filesystem::path& path);

}  // namespace tandem
