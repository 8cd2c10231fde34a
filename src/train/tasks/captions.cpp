#include "train/tasks/captions.h"

#include <algorithm>

#include <torch/utils.h>

#include "tandem/core/random.h"
#include "tandem/loss/captioning_loss.h"

namespace tandem {

Captions make_captions(const Batch& batch, const RunConfig& config, uint64_t seed) {
  Captions captions{.tokens = batch.tokens};
  const int64_t B = captions.size();
  const torch::Tensor begins = batch.tokens.cu_seqlens.slice(0, 0, B).to(torch::kInt64);
  captions.tokens.ids = batch.tokens.ids.index_fill(0, begins, config.model.decoder.bos_id);
  const double share = config.loss.parallel_captions;
  if (share <= 0) return captions;
  captions.parallel = torch::zeros({B}, torch::kBool);
  bool* const parallel = captions.parallel.data_ptr<bool>();
  for (size_t i = 0; i < batch.indices.size(); ++i) {
    const auto index = static_cast<uint64_t>(batch.indices[i]);
    parallel[i] = Random(mix_seed({seed, index})).uniform() < share;
  }
  return captions;
}

int64_t predicted_tokens(const Captions& captions, Communicator& communicator) {
  const torch::Tensor lengths = captions.tokens.cu_seqlens.diff().to(torch::kInt64);
  torch::Tensor predicted = (lengths - 1).sum();
  communicator.all_reduce(predicted);
  return std::max<int64_t>(predicted.item<int64_t>(), 1);
}

torch::Tensor caption_loss(ClipModel model, const torch::Tensor& image_states,
                           const Captions& captions, double label_smoothing) {
  const torch::Device device = image_states.device();
  NextTokens next = next_tokens(captions.tokens);
  if (captions.parallel.defined()) {
    const torch::Tensor lengths = next.inputs.cu_seqlens.diff().to(torch::kInt64);
    next.inputs.ids = next.inputs.ids.masked_fill(captions.parallel.repeat_interleave(lengths),
                                                  model->options().decoder.bos_id);  // [T]
  }
  const torch::Tensor rows = model->decoder->forward(next.inputs.to(device), image_states,
                                                     next.rows.to(device));  // [R, width]
  return captioning_loss(model->decoder->logits(rows), next.targets.to(device), label_smoothing);
}

}  // namespace tandem
