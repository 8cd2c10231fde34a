#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <torch/csrc/autograd/variable.h>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "tandem/model/clip_model.h"

namespace tandem {

/// Returns the embeddings of all parts of a batch as leaves: nothing of the model hangs on them. A
/// part has a member `embeddings` (ClipEmbeddings).
template <typename Part>
[[nodiscard]] ClipEmbeddings gather_leaves(const std::vector<Part>& parts) {
  std::vector<torch::Tensor> images, texts;
  for (const Part& part : parts) {
    images.push_back(part.embeddings.image_embeddings.detach());
    texts.push_back(part.embeddings.text_embeddings.detach());
  }
  return {.image_embeddings = torch::cat(images).requires_grad_(),  // [B, D]
          .text_embeddings = torch::cat(texts).requires_grad_()};   // [B, D]
}

/// Returns the parameters that require gradients.
[[nodiscard]] std::vector<torch::Tensor> trained_parameters(const torch::nn::Module& module);

/// Adds the gradients of all parts to those of `parameters`, in the order of the parts: the same
/// bits, whichever part ended first. `gradients[i][p]` is that of part i for parameter p; a part
/// without any has an empty list, and a parameter that it does not touch an undefined tensor.
void add_gradients(const std::vector<torch::Tensor>& parameters,
                   const std::vector<torch::autograd::variable_list>& gradients);

/// Calls body(0) … body(count - 1), side by side on the CPU, each keeping LibTorch's operators to
/// its thread, or one after the other. Thread-local modes are not taken over.
void for_each_part(size_t count, bool side_by_side, const std::function<void(size_t)>& body);

/// What a part's outputs received from a loss: where its backward pass begins.
struct OutputGradients {
  torch::autograd::variable_list outputs = {}, gradients = {};
  /// Leaves out an output that nothing to train hangs on, and one without a gradient.
  void add(const torch::Tensor& output, const torch::Tensor& gradient);
};

/// Differentiates the parts side by side and adds to the gradients of the module's trained
/// parameters.
void backward_side_by_side(const torch::nn::Module& module,
                           const std::vector<OutputGradients>& parts);

/// Differentiates loss(0) … loss(count - 1), side by side on the CPU and each with its own graph,
/// and adds to the gradients of the module's trained parameters. Returns the losses, detached.
std::vector<torch::Tensor> backward_side_by_side(const torch::nn::Module& module, int64_t count,
                                                 const std::function<torch::Tensor(int64_t)>& loss);

}  // namespace tandem
