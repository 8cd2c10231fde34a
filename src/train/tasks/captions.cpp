#include "train/tasks/captions.h"

#include <algorithm>

#include <torch/utils.h>

#include "tandem/loss/captioning_loss.h"

namespace tandem {

TokenBatch begin_with(const TokenBatch& texts, int64_t bos_id) {
  TokenBatch result = texts;
  const torch::Tensor begins = texts.cu_seqlens.slice(0, 0, texts.size()).to(torch::kInt64);
  result.ids = texts.ids.index_fill(0, begins, bos_id);
  return result;
}

int64_t predicted_tokens(const TokenBatch& captions, Communicator& communicator) {
  const torch::Tensor lengths = captions.cu_seqlens.diff().to(torch::kInt64);
  torch::Tensor predicted = (lengths - 1).sum();
  communicator.all_reduce(predicted);
  return std::max<int64_t>(predicted.item<int64_t>(), 1);
}

torch::Tensor caption_loss(ClipModel model, const torch::Tensor& image_states,
                           const TokenBatch& captions, double label_smoothing) {
  const torch::Device device = image_states.device();
  const NextTokens next = next_tokens(captions);
  const torch::Tensor rows = model->decoder->forward(next.inputs.to(device), image_states,
                                                     next.rows.to(device));  // [R, width]
  return captioning_loss(model->decoder->logits(rows), next.targets.to(device), label_smoothing);
}

}  // namespace tandem
