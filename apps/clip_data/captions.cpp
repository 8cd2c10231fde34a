#include "clip_data/captions.h"

#include "tandem/core/error.h"
#include "tandem/text/tokenizer.h"

namespace tandem::apps {

std::vector<std::string> filled_captions(const RawSample& sample) {
  std::vector<std::string> captions = sample.captions;
  std::erase_if(captions, [](const std::string& each) { return clean_caption(each).empty(); });
  if (captions.empty())
    throw Error(ErrorKind::kData, {.what = "the caption is empty", .where = sample.key});
  return captions;
}

}  // namespace tandem::apps
