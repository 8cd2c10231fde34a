#include "tandem/model/image_encoder.h"

#include <utility>

#include "kernels/rows/fused_rows.h"
#include "tandem/config/load.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/device.h"

namespace tandem {
namespace {

constexpr int64_t kChannels = 3;
constexpr double kPixelMax = 255.0;

TransformerOptions block_options(const ImageEncoderOptions& options) {
  return {.width = options.width,
          .layers = options.layers,
          .heads = options.heads,
          .mlp_width = hidden_width(options),
          .activation = options.activation,
          .norm_order = NormOrder::kPre,
          .norm_eps = options.norm_eps,
          .causal = false,
          .dropout = options.dropout,
          .attention_dropout = options.attention_dropout};
}

void check(const ImageEncoderOptions& options) {
  ModelOptions alone;
  alone.image = options;
  alone.towers = Towers::kImage;
  validate(alone);
}

torch::Tensor pixel_statistic(const std::array<double, 3>& values) {
  return torch::tensor({values[0], values[1], values[2]}, torch::kFloat64)
      .mul(kPixelMax)
      .to(torch::kFloat32)
      .view({kChannels, 1});
}

}  // namespace

MapHeadImpl::MapHeadImpl(const ImageEncoderOptions& options) : options_(options) {
  const int64_t width = options.width;
  probe = register_parameter("probe", torch::empty({1, 1, width}), {.decays = false});
  query = register_module("query", Linear(width, width));
  key_value = register_module("key_value", Linear(width, 2 * width));
  output = register_module("output", Linear(width, width));
  norm = register_module("norm", LayerNorm(width, options.norm_eps));
  mlp_in = register_module("mlp_in", Linear(width, hidden_width(options)));
  mlp_out = register_module("mlp_out", Linear(hidden_width(options), width));
}

torch::Tensor MapHeadImpl::forward(const torch::Tensor& tokens) {
  const auto [B, N, D] = dims<3>(tokens);
  const int64_t heads = options_.heads;
  const torch::Tensor q =
      query(probe).view({1, 1, heads, -1}).transpose(1, 2).expand({B, -1, -1, -1}).contiguous();
  const std::vector<torch::Tensor> kv = key_value(tokens).chunk(2, -1);  // [B, N, D] each
  const std::vector<int64_t> by_head = {B, N, heads, D / heads};
  const torch::Tensor mixed = attend({.queries = q,  // [B, H, 1, Dh]
                                      .keys = kv[0].view(by_head).transpose(1, 2),
                                      .values = kv[1].view(by_head).transpose(1, 2)});
  const torch::Tensor x = output(mixed.transpose(1, 2).reshape({B, D}));
  return x + mlp_out(mlp_in->activated(norm(x), options_.activation));  // [B, D]
}

ImageEncoderImpl::ImageEncoderImpl(const ImageEncoderOptions& options,
                                   std::shared_ptr<DropoutStream> stream)
    : options_(options), dropout_(options.dropout, stream) {
  check(options);
  set_tower(Tower::kImage);
  set_layer(0);
  const int64_t width = options.width;
  const int64_t patch_values = kChannels * options.patch_size * options.patch_size;
  patch_embedding =
      register_module("patch_embedding", Linear(patch_values, width, options.patch_bias));
  if (options.class_token)
    class_token = register_parameter("class_token", torch::empty({width}), {.decays = false});
  position_embedding = register_parameter(
      "position_embedding", torch::empty({image_tokens(options), width}), {.decays = false});
  if (options.pre_norm) pre_norm = register_module("pre_norm", LayerNorm(width, options.norm_eps));
  layers = register_module("layers", Transformer(block_options(options), std::move(stream)));
  const int64_t last_layer = options.layers + 1;
  if (options.final_norm) {
    final_norm = register_module("final_norm", LayerNorm(width, options.norm_eps));
    final_norm->set_layer(last_layer);
  }
  if (options.pool == ImagePool::kPooler) {
    pooler = register_module("pooler", Linear(width, width));
    pooler->set_layer(last_layer);
  }
  if (options.pool == ImagePool::kLogits) {
    head = register_module("head", Linear(width, options.num_classes));
    head->set_layer(last_layer);
  }
  if (options.pool == ImagePool::kMap) {
    map_head = register_module("map_head", MapHead(options));
    map_head->set_layer(last_layer);
  }
  pixel_mean_ = register_buffer("pixel_mean", pixel_statistic(options.mean));
  pixel_std_ = register_buffer("pixel_std", pixel_statistic(options.std));
}

void ImageEncoderImpl::reset_parameters(at::Generator generator) {
  init_parameters(*this, options_.init_std, std::move(generator));
}

int64_t ImageEncoderImpl::feature_dim() const {
  return options_.pool == ImagePool::kLogits ? options_.num_classes : options_.width;
}

torch::Tensor ImageEncoderImpl::to_patches(const torch::Tensor& images) const {
  const auto [B, C, H, W] = dims<4>(images);
  const int64_t size = options_.image_size;
  TORCH_CHECK(C == kChannels && H == size && W == size, "expected images [B, 3, ", size, ", ", size,
              "], got ", images.sizes());
  return kernels::patches(images, {.patch = options_.patch_size,
                                   .mean = pixel_mean_,
                                   .std = pixel_std_,
                                   .dtype = position_embedding.scalar_type()});
}

// What enters the first block.
torch::Tensor ImageEncoderImpl::embed(const torch::Tensor& images) {
  const int64_t B = images.size(0), D = options_.width;
  torch::Tensor x = patch_embedding(to_patches(images)).view({B, -1, D});  // [B, n * n, D]
  if (class_token.defined()) x = torch::cat({class_token.expand({B, 1, D}), x}, 1);  // [B, N, D]
  x = dropout_(x + position_embedding, is_training());
  return pre_norm ? pre_norm(x) : x;
}

// Every token's state for x [B, N, width], or those of the output rows among B * N: [R, width].
torch::Tensor ImageEncoderImpl::run_layers(const torch::Tensor& x, const torch::Tensor& output_rows,
                                           std::vector<torch::Tensor>* states) {
  const auto layout = SequenceLayout::equal(x.size(0), x.size(1));
  const torch::Tensor rows = layers->forward(x.view({-1, options_.width}), layout,
                                             {.output_rows = output_rows, .states = states});
  return final_norm ? final_norm(rows) : rows;
}

torch::Tensor ImageEncoderImpl::encode_patches(const torch::Tensor& images,
                                               std::vector<torch::Tensor>* states) {
  const torch::Tensor x = embed(images);
  return run_layers(x, {}, states).view(x.sizes());
}

// What encode_patches gives for the class token, without the last block's work for the others.
torch::Tensor ImageEncoderImpl::class_token_state(const torch::Tensor& images) {
  const torch::Tensor x = embed(images);
  const auto [B, N, D] = dims<3>(x);
  return run_layers(x, torch::arange(B, x.options().dtype(torch::kInt64)) * N);  // [B, D]
}

torch::Tensor ImageEncoderImpl::features_of_class_token(const torch::Tensor& state) {
  if (options_.pool == ImagePool::kPooler) return torch::tanh(pooler(state));
  return options_.pool == ImagePool::kLogits ? head(state) : state;
}

torch::Tensor ImageEncoderImpl::features(const torch::Tensor& states) {
  if (options_.pool == ImagePool::kMap) return map_head(states);
  if (options_.pool == ImagePool::kMean)
    return states.slice(1, options_.class_token ? 1 : 0).mean(1);
  return features_of_class_token(states.select(1, 0));
}

torch::Tensor ImageEncoderImpl::forward(const torch::Tensor& images) {
  if (reads_every_token(options_.pool)) return features(encode_patches(images));
  return features_of_class_token(class_token_state(images));
}

}  // namespace tandem
