#include "tandem/eval/embed_source.h"

#include <algorithm>
#include <numeric>

#include <torch/types.h>

#include "tandem/core/random.h"

namespace tandem {

std::vector<int64_t> choose_samples(const Source& source, int64_t max_samples, uint64_t seed) {
  if (max_samples < 1) {
    throw Error(ErrorKind::kUsage, {.what = "max_samples is out of range",
                                    .expected = "at least 1",
                                    .found = std::to_string(max_samples)});
  }
  const int64_t size = source.size();
  std::vector<int64_t> indices(static_cast<size_t>(std::min(size, max_samples)));
  if (size <= max_samples) {
    std::iota(indices.begin(), indices.end(), 0);
    return indices;
  }
  const Permutation permutation(static_cast<uint64_t>(size), mix_seed({seed}));
  for (size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<int64_t>(permutation(i));
  std::sort(indices.begin(), indices.end());
  return indices;
}

EmbeddedSamples embed_samples(const Pipeline& pipeline, const Source& source,
                              const std::vector<int64_t>& indices, uint64_t seed) {
  const size_t count = indices.size();
  std::vector<RawSample> samples(count);
  PartialEmbeddings partial =
      pipeline.try_encode_images(static_cast<int64_t>(count), [&](int64_t i) {
        RawSample& sample = samples[static_cast<size_t>(i)];
        sample = source.sample(indices[static_cast<size_t>(i)], seed);
        return std::move(sample.image);
      });

  EmbeddedSamples result;
  std::vector<int64_t> usable;
  for (size_t i = 0; i < count; ++i) {
    if (partial.errors[i]) {
      result.errors.push_back(*partial.errors[i]);
      continue;
    }
    usable.push_back(static_cast<int64_t>(i));
    result.indices.push_back(indices[i]);
    result.keys.push_back(std::move(samples[i].key));
    result.captions.push_back(std::move(samples[i].captions));
    result.labels.push_back(samples[i].class_index);
  }
  result.image_embeddings = usable.size() == count ? partial.embeddings
                                                   : partial.embeddings.index_select(
                                                         0, torch::tensor(usable, torch::kInt64));
  return result;
}

}  // namespace tandem
