#pragma once

#include <cstdint>
#include <vector>

#include "tandem/data/picture_captions.h"
#include "tandem/eval/caption_scores.h"

namespace tandem {

/// Captions with their references, and how many pictures are in one of the two files only.
struct MatchedCaptions {
  std::vector<CaptionCase> cases = {};  ///< In the order of the references.
  int64_t without_caption = 0;
  int64_t without_references = 0;
};

/// Brings captions and references together by `image`, or by the `file_name` of a reference. Throws
/// kData for a picture with more than one caption and for two files that share no picture. Unless
/// `only_common` is set, also for pictures that are in one file only, with their number and the
/// first.
[[nodiscard]] MatchedCaptions match_captions(const std::vector<PictureCaptions>& captions,
                                             const std::vector<PictureCaptions>& references,
                                             bool only_common = false);

}  // namespace tandem
