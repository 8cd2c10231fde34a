#include "interop/open_clip/open_clip_fields.h"

namespace tandem {
namespace {

// Read in training only, or by parts that the towers at hand do not have: an attentional pool, a
// head of timm's.
constexpr std::string_view kTowerHarmless[] = {
    "attn_pooler_heads", "attn_pooler_queries",  "hf_model_pretrained", "n_queries",
    "output_tokens",     "patch_dropout",        "timm_drop",           "timm_drop_path",
    "timm_proj_bias",    "timm_model_pretrained"};
constexpr RequiredValue kTowerRequired[] = {{"attentional_pool", "false"},
                                            {"global_average_pool", "false"},
                                            {"input_patchnorm", "false"},
                                            {"qk_norm", "false"},
                                            {"scaled_cosine_attn", "false"},
                                            {"scale_heads", "false"},
                                            {"scale_attn_inner", "false"},
                                            {"scale_attn", "false"},
                                            {"scale_fc", "false"},
                                            {"embed_cls", "false"},
                                            {"block_type", "\"default\""},
                                            {"use_pad_mask", "false"},
                                            {"final_ln_after_pool", "false"},
                                            {"correct_cls_mask", "false"},
                                            {"proj_type", "\"linear\""}};

}  // namespace

void finish_open_clip(ConfigObject& config) {
  if (config.has("ls_init_value")) config.refuse("ls_init_value", "null: no LayerScale");
  // A sine table is stored like a learned one.
  const std::string positions = config.text("pos_embed_type", "learnable");
  if (positions != "learnable" && positions != "sin_cos_2d")
    config.refuse("pos_embed_type", "learnable or sin_cos_2d");
  config.require(kTowerRequired);
  config.allow(kTowerHarmless);
  config.finish();
}

}  // namespace tandem
