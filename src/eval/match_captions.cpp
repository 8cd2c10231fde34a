#include "tandem/eval/match_captions.h"

#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

/// The captions by what names their picture.
std::unordered_map<std::string, const PictureCaptions*> captions_by_image(
    const std::vector<PictureCaptions>& captions) {
  std::unordered_map<std::string, const PictureCaptions*> by_image;
  for (const PictureCaptions& each : captions) {
    if (each.captions.size() != 1) {
      throw Error(ErrorKind::kData, {.what = "a picture has more than one caption to be scored",
                                     .where = "picture " + each.image,
                                     .expected = "one caption for each picture",
                                     .found = std::to_string(each.captions.size())});
    }
    by_image[each.image] = &each;
  }
  return by_image;
}

void refuse_unmatched(int64_t count, const std::string& first, const char* what) {
  if (count == 0) return;
  throw Error(ErrorKind::kData,
              {.what = fmt::format("{} pictures have {}", count, what),
               .where = "picture " + first,
               .hint = "score the pictures that are in both files only (--common)"});
}

}  // namespace

MatchedCaptions match_captions(const std::vector<PictureCaptions>& captions,
                               const std::vector<PictureCaptions>& references, bool only_common) {
  auto left = captions_by_image(captions);
  MatchedCaptions matched;
  std::string first_without_caption;
  for (const PictureCaptions& each : references) {
    auto found = left.find(each.image);
    if (found == left.end() && !each.file_name.empty()) found = left.find(each.file_name);
    if (found == left.end()) {
      if (matched.without_caption++ == 0) first_without_caption = each.image;
      continue;
    }
    matched.cases.push_back({.image = each.image,
                             .caption = found->second->captions.front(),
                             .references = each.captions});
    left.erase(found);
  }
  matched.without_references = static_cast<int64_t>(left.size());
  if (matched.cases.empty()) {
    throw Error(ErrorKind::kData, {.what = "captions and references share no picture",
                                   .expected = fmt::format("\"{}\"", references.front().image),
                                   .found = fmt::format("\"{}\"", captions.front().image),
                                   .hint = "name pictures alike in both files"});
  }
  if (only_common) return matched;
  refuse_unmatched(matched.without_caption, first_without_caption, "references and no caption");
  for (const PictureCaptions& each : captions)
    if (left.contains(each.image))
      refuse_unmatched(matched.without_references, each.image, "a caption and no references");
  return matched;
}

}  // namespace tandem
