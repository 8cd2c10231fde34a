#include "data/survey/overlap.h"

#include <unordered_map>

#include "tandem/core/error.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace {

constexpr int64_t kCompared = 8;
constexpr size_t kExamples = 3;

bool same_picture(const Source& training, int64_t index, const Source& validation, int64_t other) {
  try {
    return training.picture_file(index, 0) == validation.picture_file(other, 0);
  } catch (const Error&) {  // an invalid image is reported elsewhere
    return false;
  }
}

}  // namespace

Overlap find_overlap(const Source& training, const Source& validation) {
  std::unordered_map<uint64_t, int64_t> known;
  for (int64_t i = 0; i < validation.size(); ++i) known.emplace(hash_bytes(validation.key(i)), i);
  Overlap found;
  bool confirmed = false;
  for (int64_t i = 0; i < training.size(); ++i) {
    const std::string key = training.key(i);
    const auto match = known.find(hash_bytes(key));
    if (match == known.end()) continue;
    if (found.shared < kCompared)
      confirmed = confirmed || same_picture(training, i, validation, match->second);
    ++found.shared;
    if (found.examples.size() < kExamples) found.examples.push_back(key);
    known.erase(match);  // a key that training has twice is shared once
  }
  return confirmed ? found : Overlap{};
}

}  // namespace tandem
