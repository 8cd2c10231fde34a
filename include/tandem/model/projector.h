#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/linear.h"

namespace tandem {

/// Maps a tower's features to the shared space. `gelu_layernorm`: Linear → GELU → LayerNorm;
/// `linear`: Linear; `none`: nothing, input_dim = embed_dim; `mlp`: Linear → GELU → Linear with a
/// hidden size of (in + embed_dim) / 2, as open_clip's.
class ProjectorImpl : public torch::nn::Module {
 public:
  ProjectorImpl(int64_t input_dim, int64_t embed_dim, const ProjectorOptions& options);
  /// Returns [B, embed_dim] for features [B, input_dim].
  torch::Tensor forward(const torch::Tensor& features);
  /// Draws new weights from `generator`: init_parameters with 1/√fan_in.
  void reset_parameters(at::Generator generator);

  Linear linear{nullptr};
  Linear mlp_out{nullptr};
  LayerNorm norm{nullptr};

 private:
  ProjectorOptions options_;
};
TORCH_MODULE(Projector);

}  // namespace tandem
