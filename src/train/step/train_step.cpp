#include "tandem/train/train_step.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/autograd.h>
#include <torch/utils.h>

#include "kernels/parallel.h"
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

enum class Order { kOneAfterTheOther, kSideBySide };

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

void for_each(std::vector<Part>& parts, Order order, const std::function<void(size_t)>& body) {
  const auto count = static_cast<int64_t>(parts.size());
  if (order == Order::kSideBySide) {
    kernels::parallel_slices(count, [&](int64_t i) { body(static_cast<size_t>(i)); });
  } else {
    for (size_t i = 0; i < parts.size(); ++i) body(i);
  }
}

void embed(ClipModel& model, Part& part, bool with_graph) {
  const torch::AutoGradMode mode(with_graph);  // Modes belong to a thread.
  if (part.dropout_seed.has_value()) model->seed_dropout(*part.dropout_seed);
  part.embeddings = model->forward(part.images, part.tokens);
}

// A part's outputs that parameters to train hang on, and the loss's gradients of them.
struct Share {
  torch::autograd::variable_list outputs, gradients;
};

Share share_of(const Part& part, const ClipEmbeddings& leaves, int64_t first) {
  Share share;
  const auto add = [&](const torch::Tensor& output, const torch::Tensor& leaf) {
    if (!output.requires_grad() || !leaf.grad().defined()) return;
    share.outputs.push_back(output);
    share.gradients.push_back(leaf.grad().narrow(0, first, output.size(0)));
  };
  add(part.embeddings.image_embeddings, leaves.image_embeddings);
  add(part.embeddings.text_embeddings, leaves.text_embeddings);
  return share;
}

void backward_shares(const ClipModel& model, std::vector<Part>& parts,
                     const std::vector<Share>& shares) {
  const std::vector<torch::Tensor> parameters = trained_parameters(*model);
  std::vector<torch::autograd::variable_list> gradients(parts.size());
  for_each(parts, Order::kSideBySide, [&](size_t i) {
    if (shares[i].outputs.empty()) return;
    gradients[i] = torch::autograd::grad(shares[i].outputs, parameters, shares[i].gradients,
                                         /*retain_graph=*/false, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  });
  add_gradients(parameters, gradients);
}

}  // namespace

torch::Tensor forward_backward(ClipModel model, const PairBatch& pairs, const EmbeddingLoss& loss,
                               const StepOptions& options) {
  check(pairs, options);
  const bool twice = options.micro_batches > 1;  // Kept graphs would need all parts' activations.
  const int64_t slices = twice ? 1 : step_slices(model, pairs.images.size(0));
  const Order order = slices > 1 ? Order::kSideBySide : Order::kOneAfterTheOther;
  std::vector<Part> parts = split(pairs, std::max(slices, options.micro_batches));
  if (order == Order::kOneAfterTheOther) {
    for (size_t m = 0; m < parts.size(); ++m)
      parts[m].dropout_seed = mix_seed({options.dropout_seed, static_cast<uint64_t>(m)});
  }

  for_each(parts, order, [&](size_t i) { embed(model, parts[i], !twice); });
  const ClipEmbeddings leaves = gather_leaves(parts);
  const torch::Tensor value = loss(leaves);
  value.backward();

  std::vector<Share> shares(parts.size());
  int64_t first = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (twice) embed(model, parts[i], true);
    shares[i] = share_of(parts[i], leaves, first);
    first += parts[i].images.size(0);
    if (order == Order::kSideBySide) continue;
    if (!shares[i].outputs.empty())
      torch::autograd::backward(shares[i].outputs, shares[i].gradients);
    parts[i].embeddings = {};
    shares[i] = {};
  }
  if (order == Order::kSideBySide) backward_shares(model, parts, shares);
  return value.detach();
}

}  // namespace tandem
