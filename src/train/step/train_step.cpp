#include "tandem/train/train_step.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/autograd.h>
#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "train/step/part_gradients.h"
#include "train/step/step_slices.h"

namespace tandem {
namespace {

struct Part {
  torch::Tensor images;
  TokenBatch tokens;
  std::optional<uint64_t> dropout_seed;
  ClipEmbeddings embeddings = {};
};

void check(const PairBatch& pairs, const StepOptions& options) {
  const int64_t B = pairs.images.size(0);
  TORCH_CHECK(pairs.tokens.size() == B, "expected as many texts as images, got ",
              pairs.tokens.size(), " and ", B);
  if (options.micro_batches >= 1 && B % options.micro_batches == 0) return;
  throw Error(ErrorKind::kUsage, {.what = "the batch does not divide into micro-batches",
                                  .expected = "a divisor of " + std::to_string(B),
                                  .found = std::to_string(options.micro_batches)});
}

std::vector<Part> split(const PairBatch& pairs, int64_t count) {
  const int64_t B = pairs.images.size(0);
  std::vector<Part> parts;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t first = i * B / count, last = (i + 1) * B / count;
    const TokenBatch texts = count == 1 ? pairs.tokens : pairs.tokens.slice(first, last);
    parts.push_back({.images = pairs.images.slice(0, first, last),
                     .tokens = texts.to(pairs.images.device()),
                     .dropout_seed = {}});
  }
  return parts;
}

void embed(ClipModel& model, Part& part, bool with_graph) {
  const torch::AutoGradMode mode(with_graph);  // Modes belong to a thread.
  if (part.dropout_seed.has_value()) model->seed_dropout(*part.dropout_seed);
  part.embeddings = model->forward(part.images, part.tokens);
}

OutputGradients gradients_of(const Part& part, const ClipEmbeddings& leaves, int64_t first) {
  OutputGradients result;
  const auto add = [&](const torch::Tensor& output, const torch::Tensor& leaf) {
    if (leaf.grad().defined()) result.add(output, leaf.grad().narrow(0, first, output.size(0)));
  };
  add(part.embeddings.image_embeddings, leaves.image_embeddings);
  add(part.embeddings.text_embeddings, leaves.text_embeddings);
  return result;
}

}  // namespace

torch::Tensor forward_backward(ClipModel model, const PairBatch& pairs, const EmbeddingLoss& loss,
                               const StepOptions& options) {
  check(pairs, options);
  const bool twice = options.micro_batches > 1;  // Kept graphs would need all parts' activations.
  const int64_t slices = twice ? 1 : step_slices(model, pairs.images.size(0));
  const bool side_by_side = slices > 1;
  std::vector<Part> parts = split(pairs, std::max(slices, options.micro_batches));
  if (!side_by_side) {
    for (size_t m = 0; m < parts.size(); ++m)
      parts[m].dropout_seed = mix_seed({options.dropout_seed, static_cast<uint64_t>(m)});
  }

  for_each_part(parts.size(), side_by_side, [&](size_t i) { embed(model, parts[i], !twice); });
  const ClipEmbeddings leaves = gather_leaves(parts);
  const torch::Tensor value = loss(leaves);
  value.backward();

  std::vector<OutputGradients> received(parts.size());
  int64_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (twice) embed(model, parts[i], true);
    received[i] = gradients_of(parts[i], leaves, first);
    first += parts[i].images.size(0);
    if (side_by_side) continue;
    if (!received[i].outputs.empty())
      torch::autograd::backward(received[i].outputs, received[i].gradients);
    parts[i].embeddings = {};
    received[i] = {};
  }
  if (side_by_side) backward_side_by_side(*model, received);
  return value.detach();
}

}  // namespace tandem
