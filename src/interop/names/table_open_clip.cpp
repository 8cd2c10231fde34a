#include "interop/names/tables.h"

namespace tandem {
namespace {

constexpr NameRow kBlocks[] = {
    {"layers.{}.attention_norm.weight", "transformer.resblocks.{}.ln_1.weight"},
    {"layers.{}.attention_norm.bias", "transformer.resblocks.{}.ln_1.bias"},
    {"layers.{}.attention.qkv.weight", "transformer.resblocks.{}.attn.in_proj_weight"},
    {"layers.{}.attention.qkv.bias", "transformer.resblocks.{}.attn.in_proj_bias"},
    {"layers.{}.attention.output.weight", "transformer.resblocks.{}.attn.out_proj.weight"},
    {"layers.{}.attention.output.bias", "transformer.resblocks.{}.attn.out_proj.bias"},
    {"layers.{}.mlp_norm.weight", "transformer.resblocks.{}.ln_2.weight"},
    {"layers.{}.mlp_norm.bias", "transformer.resblocks.{}.ln_2.bias"},
    {"layers.{}.mlp_in.weight", "transformer.resblocks.{}.mlp.c_fc.weight"},
    {"layers.{}.mlp_in.bias", "transformer.resblocks.{}.mlp.c_fc.bias"},
    {"layers.{}.mlp_out.weight", "transformer.resblocks.{}.mlp.c_proj.weight"},
    {"layers.{}.mlp_out.bias", "transformer.resblocks.{}.mlp.c_proj.bias"},
};

constexpr NameRow kText[] = {
    {"token_embedding", "token_embedding.weight"},
    {"position_embedding", "positional_embedding"},
    {"final_norm.weight", "ln_final.weight"},
    {"final_norm.bias", "ln_final.bias"},
};

constexpr NameRow kVision[] = {
    {"class_token", "class_embedding"},
    {"position_embedding", "positional_embedding"},
    {"patch_embedding.weight", "conv1.weight", Transform::kPatches},
    {"pre_norm.weight", "ln_pre.weight"},
    {"pre_norm.bias", "ln_pre.bias"},
    {"final_norm.weight", "ln_post.weight"},
    {"final_norm.bias", "ln_post.bias"},
};

constexpr NameRow kTimmVision[] = {
    {"position_embedding", "pos_embed", Transform::kLeadingAxis},
    {"patch_embedding.weight", "patch_embed.proj.weight", Transform::kPatches},
    {"patch_embedding.bias", "patch_embed.proj.bias"},
    {"layers.{}.attention_norm.weight", "blocks.{}.norm1.weight"},
    {"layers.{}.attention_norm.bias", "blocks.{}.norm1.bias"},
    {"layers.{}.attention.qkv.weight", "blocks.{}.attn.qkv.weight"},
    {"layers.{}.attention.qkv.bias", "blocks.{}.attn.qkv.bias"},
    {"layers.{}.attention.output.weight", "blocks.{}.attn.proj.weight"},
    {"layers.{}.attention.output.bias", "blocks.{}.attn.proj.bias"},
    {"layers.{}.mlp_norm.weight", "blocks.{}.norm2.weight"},
    {"layers.{}.mlp_norm.bias", "blocks.{}.norm2.bias"},
    {"layers.{}.mlp_in.weight", "blocks.{}.mlp.fc1.weight"},
    {"layers.{}.mlp_in.bias", "blocks.{}.mlp.fc1.bias"},
    {"layers.{}.mlp_out.weight", "blocks.{}.mlp.fc2.weight"},
    {"layers.{}.mlp_out.bias", "blocks.{}.mlp.fc2.bias"},
    {"final_norm.weight", "norm.weight"},
    {"final_norm.bias", "norm.bias"},
    {"map_head.probe", "attn_pool.latent"},
    {"map_head.query.weight", "attn_pool.q.weight"},
    {"map_head.query.bias", "attn_pool.q.bias"},
    {"map_head.key_value.weight", "attn_pool.kv.weight"},
    {"map_head.key_value.bias", "attn_pool.kv.bias"},
    {"map_head.output.weight", "attn_pool.proj.weight"},
    {"map_head.output.bias", "attn_pool.proj.bias"},
    {"map_head.norm.weight", "attn_pool.norm.weight"},
    {"map_head.norm.bias", "attn_pool.norm.bias"},
    {"map_head.mlp_in.weight", "attn_pool.mlp.fc1.weight"},
    {"map_head.mlp_in.bias", "attn_pool.mlp.fc1.bias"},
    {"map_head.mlp_out.weight", "attn_pool.mlp.fc2.weight"},
    {"map_head.mlp_out.bias", "attn_pool.mlp.fc2.bias"},
};

// Without a bias their projection is a matrix [width, embed_dim] that multiplies from the right.
constexpr NameRow kTextHead[] = {
    {"linear.weight", "text_projection", Transform::kTranspose},
};
constexpr NameRow kTextHeadWithBias[] = {
    {"linear.weight", "text_projection.weight"},
    {"linear.bias", "text_projection.bias"},
};
constexpr NameRow kVisionHead[] = {
    {"linear.weight", "proj", Transform::kTranspose},
};
constexpr NameRow kHfMlpHead[] = {
    {"linear.weight", "proj.0.weight"},
    {"mlp_out.weight", "proj.2.weight"},
};
constexpr NameRow kHfLinearHead[] = {
    {"linear.weight", "proj.weight"},
};
constexpr NameRow kScalars[] = {
    {"logit_scale", "logit_scale"},
    {"logit_bias", "logit_bias"},
};

}  // namespace

const std::span<const NameRow> kOpenClipBlockRows = kBlocks;
const std::span<const NameRow> kOpenClipTextRows = kText;
const std::span<const NameRow> kOpenClipVisionRows = kVision;
const std::span<const NameRow> kTimmVisionRows = kTimmVision;
const std::span<const NameRow> kOpenClipTextHeadRows = kTextHead;
const std::span<const NameRow> kOpenClipTextBiasHeadRows = kTextHeadWithBias;
const std::span<const NameRow> kOpenClipVisionHeadRows = kVisionHead;
const std::span<const NameRow> kOpenClipHfMlpHeadRows = kHfMlpHead;
const std::span<const NameRow> kOpenClipHfLinearHeadRows = kHfLinearHead;
const std::span<const NameRow> kOpenClipScalarRows = kScalars;

}  // namespace tandem
