#include "tandem/model/projector.h"

#include <utility>

#include <ATen/ops/gelu.h>

namespace tandem {

ProjectorImpl::ProjectorImpl(int64_t input_dim, int64_t embed_dim, const ProjectorOptions& options)
    : options_(options) {
  if (options.kind == ProjectorKind::kNone) return;
  const bool mlp = options.kind == ProjectorKind::kMlp;
  const int64_t first_dim = mlp ? (input_dim + embed_dim) / 2 : embed_dim;
  linear = register_module("linear", Linear(input_dim, first_dim, options.bias));
  if (mlp) mlp_out = register_module("mlp_out", Linear(first_dim, embed_dim, options.bias));
  if (options.kind == ProjectorKind::kGeluLayerNorm) {
    norm = register_module("norm", LayerNorm(embed_dim, options.norm_eps));
  }
}

torch::Tensor ProjectorImpl::forward(const torch::Tensor& features) {
  if (options_.kind == ProjectorKind::kNone) return features;
  const torch::Tensor x = linear(features);
  switch (options_.kind) {
    case ProjectorKind::kGeluLayerNorm: return norm(at::gelu(x));
    case ProjectorKind::kLinear: return x;
    case ProjectorKind::kMlp: return mlp_out(at::gelu(x));
    case ProjectorKind::kNone:
    case ProjectorKind::kShared: break;
  }
  TORCH_CHECK(false, "unknown projector ", static_cast<int>(options_.kind));
}

void ProjectorImpl::reset_parameters(at::Generator generator) {
  init_parameters(*this, 0.0, std::move(generator));
}

}  // namespace tandem
