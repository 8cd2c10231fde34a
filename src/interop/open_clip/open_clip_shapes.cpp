#include "interop/open_clip/open_clip_shapes.h"

#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr const char* kConfigHint =
    "--config with the model's configuration; open_clip keeps it as model_configs/NAME.json in its "
    "package";

// What open_clip's model_configs say of the sizes that its names begin with, and shapes do not.
struct NamedSize {
  std::string_view size;
  int64_t head_width;
};
constexpr NamedSize kSizes[] = {{"S", 64}, {"M", 64}, {"B", 64},     {"L", 64},
                                {"H", 80}, {"g", 88}, {"bigG", 104}, {"e", 112}};
constexpr int64_t kTextHeadWidth = 64;

[[noreturn]] void refuse(const std::string& what, const std::string& found) {
  throw Error(ErrorKind::kCheckpoint, {.what = what,
                                       .expected = "open_clip's ViT and its own text tower",
                                       .found = found,
                                       .hint = kConfigHint});
}

/// Shapes of tensors by name.
class Shapes {
 public:
  explicit Shapes(const ForeignRequest& request) : request_(request) {}

  [[nodiscard]] bool has(const std::string& name) const { return request_.names.contains(name); }
  [[nodiscard]] int64_t size(const std::string& name, size_t axis) const {
    const auto found = request_.shapes.find(name);
    if (found == request_.shapes.end() || found->second.size() <= axis)
      refuse("the configuration cannot be read off these weights", name + " is not there");
    return found->second[axis];
  }
  // Blocks below `prefix`.
  [[nodiscard]] int64_t layers(const std::string& prefix) const {
    int64_t count = 0;
    while (has(fmt::format("{}transformer.resblocks.{}.ln_1.weight", prefix, count))) ++count;
    return count;
  }
  // The half keeps int(width · ratio), which open_clip takes, from falling below the width.
  [[nodiscard]] double mlp_ratio(const std::string& prefix, int64_t width) const {
    const auto mlp =
        static_cast<double>(size(prefix + "transformer.resblocks.0.mlp.c_fc.weight", 0));
    const double ratio = mlp / static_cast<double>(width);
    return ratio == std::floor(ratio) ? ratio : (mlp + 0.5) / static_cast<double>(width);
  }

 private:
  const ForeignRequest& request_;
};

struct Named {
  int64_t head_width = 64;
  bool quick_gelu = false;
};

Named read_name(const std::string& name) {
  const auto is_plain = [&] {
    for (const char* part : {"SigLIP", "CLIPA", "worldwide", "ViT-M-16-alt"}) {
      if (name.find(part) != std::string::npos) return false;
    }
    return name.starts_with("ViT-");
  };
  if (is_plain()) {
    const std::string size = name.substr(4, name.find('-', 4) - 4);
    for (const NamedSize& each : kSizes) {
      if (size == each.size)
        return {.head_width = each.head_width, .quick_gelu = name.ends_with("-quickgelu")};
    }
  }
  refuse("the name does not tell how the model is built", name);
}

// OpenAI's programs keep their sizes as buffers beside the weights.
bool is_openai_program(const ForeignRequest& request) {
  return request.names.contains("input_resolution") && request.names.contains("vocab_size");
}

void refuse_other_kinds(const Shapes& shapes) {
  if (shapes.has("visual.layer1.0.conv1.weight"))
    refuse("the image tower is a ResNet, which this library does not have", "visual.layer1");
  if (!shapes.has("visual.conv1.weight"))
    refuse("the configuration cannot be read off these weights", "no visual.conv1.weight");
}

Json vision_json(const Shapes& shapes, int64_t head_width) {
  Json json;
  const int64_t width = shapes.size("visual.conv1.weight", 0);
  const int64_t patch = shapes.size("visual.conv1.weight", 2);
  const int64_t tokens = shapes.size("visual.positional_embedding", 0) - 1;
  json["width"] = width;
  json["patch_size"] = patch;
  json["image_size"] = std::llround(std::sqrt(static_cast<double>(tokens))) * patch;
  json["layers"] = shapes.layers("visual.");
  json["mlp_ratio"] = shapes.mlp_ratio("visual.", width);
  json["head_width"] = head_width;
  json["no_ln_pre"] = !shapes.has("visual.ln_pre.weight");
  return json;
}

Json text_json(const Shapes& shapes) {
  const std::string prefix = shapes.has("text.positional_embedding") ? "text." : "";
  Json json;
  const int64_t width = shapes.size(prefix + "positional_embedding", 1);
  json["context_length"] = shapes.size(prefix + "positional_embedding", 0);
  json["vocab_size"] = shapes.size(prefix + "token_embedding.weight", 0);
  json["width"] = width;
  json["heads"] = width / kTextHeadWidth;
  json["layers"] = shapes.layers(prefix);
  json["mlp_ratio"] = shapes.mlp_ratio(prefix, width);
  if (shapes.has(prefix + "text_projection.bias")) json["proj_bias"] = true;
  return json;
}

}  // namespace

Json open_clip_json_from_shapes(const ForeignRequest& request) {
  const Shapes shapes(request);
  refuse_other_kinds(shapes);
  const Named named = request.model_name.empty() && is_openai_program(request)
                          ? Named{.quick_gelu = true}
                          : read_name(request.model_name);
  Json json;
  json["embed_dim"] = shapes.size("visual.proj", 1);
  if (named.quick_gelu) json["quick_gelu"] = true;
  if (shapes.has("logit_bias")) json["init_logit_bias"] = -10.0;
  json["vision_cfg"] = vision_json(shapes, named.head_width);
  json["text_cfg"] = text_json(shapes);
  return json;
}

}  // namespace tandem
