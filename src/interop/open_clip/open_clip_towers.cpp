#include "interop/open_clip/open_clip_towers.h"

#include <cctype>

#include <fmt/format.h>

namespace tandem {
namespace {

// timm/models/vision_transformer.py. All but the last take the exact GELU, unlike the SigLIP of
// Hugging Face, which takes its tanh form.
struct TimmTower {
  std::string_view size;
  int64_t width, layers, heads, mlp_width;
  Activation activation;
};
constexpr TimmTower kTowers[] = {
    {"base", 768, 12, 12, 3072, Activation::kGelu},
    {"large", 1024, 24, 16, 4096, Activation::kGelu},
    {"so400m", 1152, 27, 16, 4304, Activation::kGelu},
    {"giantopt", 1536, 40, 16, 6144, Activation::kGeluTanh},
};

// The number after `mark` in a name like vit_base_patch16_siglip_224; 0 when there is none.
int64_t number_after(const std::string& name, std::string_view mark) {
  const size_t at = name.find(mark);
  if (at == std::string::npos) return 0;
  int64_t value = 0;
  for (size_t i = at + mark.size();
       i < name.size() && std::isdigit(static_cast<unsigned char>(name[i])) && value < 100000; ++i)
    value = 10 * value + (name[i] - '0');
  return value;
}

void read_shapes(const ForeignRequest& request, ImageEncoderOptions& image) {
  const std::string trunk = "visual.trunk.";
  const auto size_of = [&](const std::string& name, size_t axis) -> int64_t {
    const auto found = request.shapes.find(trunk + name);
    return found == request.shapes.end() || found->second.size() <= axis ? 0 : found->second[axis];
  };
  image.width = size_of("patch_embed.proj.weight", 0);
  image.mlp_width = size_of("blocks.0.mlp.fc1.weight", 0);
  image.layers = 0;
  while (request.names.contains(fmt::format("{}blocks.{}.norm1.weight", trunk, image.layers)))
    ++image.layers;
}

}  // namespace

ImageEncoderOptions timm_tower(const std::string& name, const ForeignRequest& request,
                               const ConfigObject& config) {
  if (name.find("_siglip_") == std::string::npos || name.find("_gap_") != std::string::npos)
    config.refuse("timm_model_name", "a SigLIP tower with attention pooling, vit_*_siglip_*");
  ImageEncoderOptions image{.norm_eps = 1e-6, .class_token = false, .pool = ImagePool::kMap};
  image.patch_size = number_after(name, "_patch");
  image.init_std = 0.02;
  for (const TimmTower& tower : kTowers) {
    if (!name.starts_with(fmt::format("vit_{}_", tower.size))) continue;
    image.width = tower.width;
    image.layers = tower.layers;
    image.heads = tower.heads;
    image.mlp_width = tower.mlp_width;
    image.activation = tower.activation;
    return image;
  }
  read_shapes(request, image);
  image.heads = request.timm_heads;
  if (image.heads < 1 || image.patch_size < 1 || image.width % image.heads != 0)
    config.refuse("timm_model_name",
                  "vit_base_*, vit_large_*, vit_so400m_* or vit_giantopt_*; for another one, the "
                  "number of its heads (--timm-heads)");
  return image;
}

std::string timm_name(const ImageEncoderOptions& image) {
  for (const TimmTower& tower : kTowers) {
    const bool same = tower.width == image.width && tower.layers == image.layers &&
                      tower.heads == image.heads && tower.mlp_width == image.mlp_width;
    if (same)
      return fmt::format("vit_{}_patch{}_siglip_{}", tower.size, image.patch_size,
                         image.image_size);
  }
  return {};
}

}  // namespace tandem
