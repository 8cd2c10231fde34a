#pragma once

#include <memory>
#include <vector>

#include <torch/nn/pimpl.h>

#include "tandem/config/model_options.h"
#include "tandem/nn/layer_norm.h"
#include "tandem/nn/parameter_role.h"
#include "tandem/nn/transformer.h"

namespace tandem {

/// Attention pooling of SigLIP: a learned probe attends over the tokens, then x +
/// MLP(LayerNorm(x)). Zhai et al., "Sigmoid Loss for Language Image Pre-Training", arXiv:2303.15343
/// (big_vision's MAPHead).
class MapHeadImpl : public ModuleWithRoles {
 public:
  explicit MapHeadImpl(const ImageEncoderOptions& options);
  /// Returns [B, width] for tokens [B, N, width].
  torch::Tensor forward(const torch::Tensor& tokens);

  torch::Tensor probe;  ///< [1, 1, width]
  Linear query{nullptr};
  Linear key_value{nullptr};
  Linear output{nullptr};
  LayerNorm norm{nullptr};
  Linear mlp_in{nullptr};
  Linear mlp_out{nullptr};

 private:
  ImageEncoderOptions options_;
};
TORCH_MODULE(MapHead);

/// Vision transformer (ImageEncoderOptions names its variants).
class ImageEncoderImpl : public ModuleWithRoles {
 public:
  /// Throws kConfig for contradictions.
  ImageEncoderImpl(const ImageEncoderOptions& options, std::shared_ptr<DropoutStream> stream);

  /// Returns image_features [B, F], not normalised: F = width, or num_classes with pool = logits.
  /// `images` is [B, 3, S, S]: uint8 RGB, normalised here by mean and std, or floating point that
  /// is normalised already.
  torch::Tensor forward(const torch::Tensor& images);
  /// Returns every token's state before pooling, [B, N, width]; the class token, if any, stands
  /// first. Appends to `states`, if given, what enters the first block and what leaves each one:
  /// layers + 1 tensors [B * N, width].
  torch::Tensor encode_patches(const torch::Tensor& images,
                               std::vector<torch::Tensor>* states = nullptr);
  /// Returns the image_features [B, F] of the states that encode_patches returns: for what needs
  /// both.
  torch::Tensor features(const torch::Tensor& states);
  /// F, the size of an image's features.
  [[nodiscard]] int64_t feature_dim() const;
  /// Draws new weights from `generator`: init_parameters with init_std.
  void reset_parameters(at::Generator generator);

  Linear patch_embedding{
      nullptr};               ///< weight [width, 3 * P * P], a patch flattened channel by channel
  torch::Tensor class_token;  ///< [width]
  torch::Tensor position_embedding;  ///< [N, width]
  LayerNorm pre_norm{nullptr};
  Transformer layers{nullptr};
  LayerNorm final_norm{nullptr};
  Linear pooler{nullptr};
  Linear head{nullptr};
  MapHead map_head{nullptr};

 private:
  torch::Tensor to_patches(const torch::Tensor& images) const;
  torch::Tensor embed(const torch::Tensor& images);
  torch::Tensor class_token_state(const torch::Tensor& images);
  torch::Tensor features_of_class_token(const torch::Tensor& state);
  torch::Tensor run_layers(const torch::Tensor& x, const torch::Tensor& output_rows,
                           std::vector<torch::Tensor>* states = nullptr);

  ImageEncoderOptions options_;
  Dropout dropout_;
  torch::Tensor pixel_mean_;  // [3, 1], of pixels in [0, 255]
  torch::Tensor pixel_std_;   // [3, 1]
};
TORCH_MODULE(ImageEncoder);

}  // namespace tandem
