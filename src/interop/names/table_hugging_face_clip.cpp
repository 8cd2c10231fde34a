#include "interop/names/tables.h"

namespace tandem {
namespace {

// The blocks of CLIP and SigLIP, both towers.
constexpr NameRow kBlocks[] = {
    {"layers.{}.attention_norm.weight", "encoder.layers.{}.layer_norm1.weight"},
    {"layers.{}.attention_norm.bias", "encoder.layers.{}.layer_norm1.bias"},
    {"layers.{}.attention.qkv.weight",
     "encoder.layers.{}.self_attn.q_proj.weight + encoder.layers.{}.self_attn.k_proj.weight + "
     "encoder.layers.{}.self_attn.v_proj.weight"},
    {"layers.{}.attention.qkv.bias",
     "encoder.layers.{}.self_attn.q_proj.bias + encoder.layers.{}.self_attn.k_proj.bias + "
     "encoder.layers.{}.self_attn.v_proj.bias"},
    {"layers.{}.attention.output.weight", "encoder.layers.{}.self_attn.out_proj.weight"},
    {"layers.{}.attention.output.bias", "encoder.layers.{}.self_attn.out_proj.bias"},
    {"layers.{}.mlp_norm.weight", "encoder.layers.{}.layer_norm2.weight"},
    {"layers.{}.mlp_norm.bias", "encoder.layers.{}.layer_norm2.bias"},
    {"layers.{}.mlp_in.weight", "encoder.layers.{}.mlp.fc1.weight"},
    {"layers.{}.mlp_in.bias", "encoder.layers.{}.mlp.fc1.bias"},
    {"layers.{}.mlp_out.weight", "encoder.layers.{}.mlp.fc2.weight"},
    {"layers.{}.mlp_out.bias", "encoder.layers.{}.mlp.fc2.bias"},
};

constexpr NameRow kText[] = {
    {"token_embedding", "embeddings.token_embedding.weight"},
    {"position_embedding", "embeddings.position_embedding.weight"},
    {"final_norm.weight", "final_layer_norm.weight"},
    {"final_norm.bias", "final_layer_norm.bias"},
};

// `pre_layrnorm` is how its authors spell it.
constexpr NameRow kClipVision[] = {
    {"class_token", "embeddings.class_embedding"},
    {"position_embedding", "embeddings.position_embedding.weight"},
    {"patch_embedding.weight", "embeddings.patch_embedding.weight", Transform::kPatches},
    {"pre_norm.weight", "pre_layrnorm.weight"},
    {"pre_norm.bias", "pre_layrnorm.bias"},
    {"final_norm.weight", "post_layernorm.weight"},
    {"final_norm.bias", "post_layernorm.bias"},
};

constexpr NameRow kSiglipVision[] = {
    {"position_embedding", "embeddings.position_embedding.weight"},
    {"patch_embedding.weight", "embeddings.patch_embedding.weight", Transform::kPatches},
    {"patch_embedding.bias", "embeddings.patch_embedding.bias"},
    {"final_norm.weight", "post_layernorm.weight"},
    {"final_norm.bias", "post_layernorm.bias"},
    {"map_head.probe", "head.probe"},
    {"map_head.query.weight + map_head.key_value.weight", "head.attention.in_proj_weight"},
    {"map_head.query.bias + map_head.key_value.bias", "head.attention.in_proj_bias"},
    {"map_head.output.weight", "head.attention.out_proj.weight"},
    {"map_head.output.bias", "head.attention.out_proj.bias"},
    {"map_head.norm.weight", "head.layernorm.weight"},
    {"map_head.norm.bias", "head.layernorm.bias"},
    {"map_head.mlp_in.weight", "head.mlp.fc1.weight"},
    {"map_head.mlp_in.bias", "head.mlp.fc1.bias"},
    {"map_head.mlp_out.weight", "head.mlp.fc2.weight"},
    {"map_head.mlp_out.bias", "head.mlp.fc2.bias"},
};

}  // namespace

const std::span<const NameRow> kClipBlockRows = kBlocks;
const std::span<const NameRow> kClipTextRows = kText;
const std::span<const NameRow> kClipVisionRows = kClipVision;
const std::span<const NameRow> kSiglipVisionRows = kSiglipVision;

}  // namespace tandem
