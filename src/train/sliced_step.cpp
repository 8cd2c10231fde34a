#include "train/sliced_step.h"

#include <algorithm>
#include <vector>

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/parallel.h"

namespace tandem {
namespace {

constexpr int64_t kSmallestSlice = 16;                 // Pairs.
constexpr size_t kLargestGradients = size_t{1} << 28;  // Bytes, of all slices together.

std::vector<torch::Tensor> trained_parameters(const ClipModel& model) {
  std::vector<torch::Tensor> trained;
  for (const torch::Tensor& each : model->parameters()) {
    // The loss's own parameters get their gradients from the whole batch.
    const bool of_towers = !each.is_same(model->logit_scale()) && each.dim() > 0;
    if (each.requires_grad() && of_towers) trained.push_back(each);
  }
  return trained;
}

bool draws_numbers(const ModelOptions& options) {
  const auto drops = [](const auto& tower) {
    return tower.dropout > 0.0 || tower.attention_dropout > 0.0;
  };
  return drops(options.text) || drops(options.image);
}

void add_gradients(const std::vector<torch::Tensor>& parameters,
                   const std::vector<std::vector<torch::Tensor>>& gradients) {
  const torch::NoGradGuard no_gradient;
  kernels::parallel_for(static_cast<int64_t>(parameters.size()), true, [&](int64_t p) {
    const auto place = static_cast<size_t>(p);
    torch::Tensor& sum = parameters[place].mutable_grad();
    for (const auto& slice : gradients) {
      const torch::Tensor& part = slice[place];
      if (!part.defined()) continue;
      if (sum.defined()) {
        sum.add_(part);
      } else {
        sum = part.clone();
      }
    }
  });
}

}  // namespace

int64_t step_slices(const ClipModel& model, int64_t pairs, const AccumulationOptions& options) {
  if (!model->logit_scale().is_cpu() || options.micro_batches > 1) return 1;
  const ModelOptions& choices = model->options();
  if (model->recomputes_activations() || draws_numbers(choices) ||
      choices.text.pool == TextPool::kMeanAll)
    return 1;
  size_t bytes = 0;
  for (const torch::Tensor& each : model->parameters()) bytes += each.nbytes();
  const auto fits = [&](int64_t slices) {
    return slices * kSmallestSlice <= pairs &&
           bytes * static_cast<size_t>(slices) <= kLargestGradients;
  };
  const int64_t threads = torch::get_num_threads();
  // With two for each thread the processors' load is even, also beside other processes.
  if (threads > 1 && fits(2 * threads)) return 2 * threads;
  const int64_t slices = std::min(threads, pairs / kSmallestSlice);
  return slices > 1 && fits(slices) ? slices : 1;
}

torch::Tensor sliced_forward_backward(
    ClipModel model, const torch::Tensor& images, const TokenBatch& tokens, int64_t slices,
    const std::function<torch::Tensor(const ClipEmbeddings&)>& loss_of) {
  const int64_t count = images.size(0);
  std::vector<ClipEmbeddings> parts(static_cast<size_t>(slices));
  kernels::parallel_slices(slices, [&](int64_t i) {
    const torch::AutoGradMode with_graph(true);  // Modes belong to a thread.
    const int64_t first = i * count / slices, last = (i + 1) * count / slices;
    parts[static_cast<size_t>(i)] =
        model->forward(images.slice(0, first, last), tokens.slice(first, last));
  });

  std::vector<torch::Tensor> image_parts, text_parts;
  std::vector<int64_t> sizes;
  for (const ClipEmbeddings& part : parts) {
    image_parts.push_back(part.image_embeddings.detach());
    text_parts.push_back(part.text_embeddings.detach());
    sizes.push_back(image_parts.back().size(0));
  }
  const ClipEmbeddings leaves{.image_embeddings = torch::cat(image_parts).requires_grad_(),
                              .text_embeddings = torch::cat(text_parts).requires_grad_()};
  const torch::Tensor loss = loss_of(leaves);  // Of the whole batch.
  loss.backward();

  const auto image_gradients = leaves.image_embeddings.grad().split_with_sizes(sizes);
  const auto text_gradients = leaves.text_embeddings.grad().split_with_sizes(sizes);
  const std::vector<torch::Tensor> parameters = trained_parameters(model);
  std::vector<std::vector<torch::Tensor>> gradients(parts.size());
  kernels::parallel_slices(slices, [&](int64_t i) {
    const auto s = static_cast<size_t>(i);
    gradients[s] = torch::autograd::grad({parts[s].image_embeddings, parts[s].text_embeddings},
                                         parameters, {image_gradients[s], text_gradients[s]},
                                         /*retain_graph=*/false, /*create_graph=*/false,
                                         /*allow_unused=*/true);
  });
  add_gradients(parameters, gradients);
  return loss.detach();
}

}  // namespace tandem
