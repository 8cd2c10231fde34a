#pragma once

#include <string>

#include "data/manifest/manifest.h"

namespace tandem {

/// A caption file as read, and what it was taken for.
struct CaptionFile {
  ManifestRows manifest = {};
  std::string layout = {};
  bool has_splits = false;
};

/// Reads the JSON layouts, one record in memory at a time: an object with `images` and
/// `annotations` (COCO), an object with `images` that hold `sentences` (Karpathy), or a list of
/// objects with `image` and `caption` (BLIP; also image_key and caption_key). Throws kData with the
/// number of the record, or line and column where it is no JSON.
[[nodiscard]] CaptionFile read_caption_json(const SourceOptions& options);

/// Reads Flickr's layouts: a table with the columns `image` and `caption`, a table separated by `|`
/// with `image_name` and `comment`, or lines `name.jpg#0<TAB>caption`. `first_line` says which.
/// Lines of one image are gathered in the order of their first. Throws kData with the line.
[[nodiscard]] CaptionFile read_flickr(const SourceOptions& options, const std::string& first_line);

}  // namespace tandem
