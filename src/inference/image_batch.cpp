#include "inference/image_batch.h"

#include <atomic>
#include <optional>

#include <torch/types.h>

#include "inference/parallel.h"
#include "tandem/image/transform.h"

namespace tandem {

ImageBatch load_images(std::pair<int64_t, int64_t> range,
                       const std::function<Image(int64_t)>& prepare, int64_t image_size) {
  const auto [first, last] = range;
  const int64_t count = last - first;
  torch::Tensor slab = torch::empty({count, 3, image_size, image_size}, torch::kUInt8);
  std::vector<std::optional<Error>> failures(static_cast<size_t>(count));
  std::atomic<int64_t> large = 0;
  uint8_t* pixels = slab.data_ptr<uint8_t>();
  parallel_for(count, [&, first = first](int64_t i) {
    try {
      const Image image = prepare(first + i);
      write_planar(image, pixels + i * 3 * image_size * image_size);
      if (image.is_large) ++large;
    } catch (const Error& error) {
      failures[static_cast<size_t>(i)] = error;
    }
  });

  ImageBatch batch;
  batch.large = large;
  std::vector<int64_t> usable;
  for (int64_t i = 0; i < count; ++i) {
    const auto& failure = failures[static_cast<size_t>(i)];
    if (failure) {
      batch.errors.emplace_back(first + i, *failure);
    } else {
      usable.push_back(i);
      batch.rows.push_back(first + i);
    }
  }
  const bool whole = static_cast<int64_t>(usable.size()) == count;
  batch.images = whole ? slab : slab.index_select(0, torch::tensor(usable, torch::kInt64));
  return batch;
}

}  // namespace tandem
