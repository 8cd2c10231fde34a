#include "tandem/model/encode_in_slices.h"

#include <algorithm>
#include <functional>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/parallel.h"

namespace tandem {
namespace {

// Items of a slice: fewer make its products too small to be fast.
constexpr int64_t kSmallestSlice = 4;

// Calls encode(first, last) for slices of [0, count) and joins what they return.
torch::Tensor in_slices(int64_t count, const torch::Device& device,
                        const std::function<torch::Tensor(int64_t, int64_t)>& encode) {
  const int64_t wanted = device.is_cpu() ? torch::get_num_threads() : 1;
  const int64_t slices = std::clamp<int64_t>(count / kSmallestSlice, 1, wanted);
  const bool inference = c10::InferenceMode::is_enabled();
  const torch::NoGradGuard no_gradient;
  if (slices == 1) return encode(0, count);
  std::vector<torch::Tensor> parts(static_cast<size_t>(slices));
  kernels::parallel_slices(slices, [&](int64_t i) {
    const c10::InferenceMode mode(inference);  // Modes belong to a thread.
    const torch::NoGradGuard no_gradient_here;
    parts[static_cast<size_t>(i)] = encode(i * count / slices, (i + 1) * count / slices);
  });
  return torch::cat(parts);  // [count, D]
}

}  // namespace

torch::Tensor encode_images_in_slices(ClipModel model, const torch::Tensor& images) {
  return in_slices(images.size(0), images.device(), [&](int64_t first, int64_t last) {
    return model->encode_images(images.slice(0, first, last));
  });
}

torch::Tensor encode_texts_in_slices(ClipModel model, const TokenBatch& tokens) {
  // This mean counts padding, and with it the longest text of the batch.
  const bool counts_padding = model->options().text.pool == TextPool::kMeanAll;
  const torch::NoGradGuard no_gradient;
  if (counts_padding || !tokens.ids.is_cpu()) return model->encode_texts(tokens);
  return in_slices(tokens.size(), tokens.ids.device(), [&](int64_t first, int64_t last) {
    return model->encode_texts(tokens.slice(first, last));
  });
}

}  // namespace tandem
