#include "text/sentencepiece/caption_sample.h"

#include <algorithm>
#include <numeric>

#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr size_t kLongestCaption = 4096;
constexpr uint64_t kSeed = 0;

}  // namespace

std::vector<size_t> sample_captions(const std::vector<std::string>& captions, size_t max_bytes) {
  const auto size_of = [&](size_t position) {
    return std::min(captions[position].size(), kLongestCaption);
  };
  size_t total = 0;
  for (size_t position = 0; position < captions.size(); ++position) total += size_of(position);
  std::vector<size_t> sample;
  if (total <= max_bytes) {
    sample.resize(captions.size());
    std::iota(sample.begin(), sample.end(), size_t{0});
    return sample;
  }
  const Permutation shuffle(captions.size(), kSeed);
  size_t taken = 0;
  for (size_t position = 0; position < captions.size(); ++position) {
    taken += size_of(shuffle(position));
    if (taken > max_bytes && !sample.empty()) break;
    sample.push_back(shuffle(position));
  }
  return sample;
}

}  // namespace tandem
