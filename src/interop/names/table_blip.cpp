#include "interop/names/tables.h"

namespace tandem {
namespace {

constexpr NameRow kBlipVision[] = {
    {"class_token", "embeddings.class_embedding", Transform::kTwoLeadingAxes},
    {"position_embedding", "embeddings.position_embedding", Transform::kLeadingAxis},
    {"patch_embedding.weight", "embeddings.patch_embedding.weight", Transform::kPatches},
    {"patch_embedding.bias", "embeddings.patch_embedding.bias"},
    {"layers.{}.attention_norm.weight", "encoder.layers.{}.layer_norm1.weight"},
    {"layers.{}.attention_norm.bias", "encoder.layers.{}.layer_norm1.bias"},
    {"layers.{}.attention.qkv.weight", "encoder.layers.{}.self_attn.qkv.weight"},
    {"layers.{}.attention.qkv.bias", "encoder.layers.{}.self_attn.qkv.bias"},
    {"layers.{}.attention.output.weight", "encoder.layers.{}.self_attn.projection.weight"},
    {"layers.{}.attention.output.bias", "encoder.layers.{}.self_attn.projection.bias"},
    {"layers.{}.mlp_norm.weight", "encoder.layers.{}.layer_norm2.weight"},
    {"layers.{}.mlp_norm.bias", "encoder.layers.{}.layer_norm2.bias"},
    {"layers.{}.mlp_in.weight", "encoder.layers.{}.mlp.fc1.weight"},
    {"layers.{}.mlp_in.bias", "encoder.layers.{}.mlp.fc1.bias"},
    {"layers.{}.mlp_out.weight", "encoder.layers.{}.mlp.fc2.weight"},
    {"layers.{}.mlp_out.bias", "encoder.layers.{}.mlp.fc2.bias"},
    {"final_norm.weight", "post_layernorm.weight"},
    {"final_norm.bias", "post_layernorm.bias"},
};

// What a block of BLIP's text models has beside BERT's.
constexpr NameRow kBlipCross[] = {
    {"layers.{}.cross_attention.query.weight", "encoder.layer.{}.crossattention.self.query.weight"},
    {"layers.{}.cross_attention.query.bias", "encoder.layer.{}.crossattention.self.query.bias"},
    {"layers.{}.cross_attention.key_value.weight",
     "encoder.layer.{}.crossattention.self.key.weight + "
     "encoder.layer.{}.crossattention.self.value.weight"},
    {"layers.{}.cross_attention.key_value.bias",
     "encoder.layer.{}.crossattention.self.key.bias + "
     "encoder.layer.{}.crossattention.self.value.bias"},
    {"layers.{}.cross_attention.output.weight",
     "encoder.layer.{}.crossattention.output.dense.weight"},
    {"layers.{}.cross_attention.output.bias", "encoder.layer.{}.crossattention.output.dense.bias"},
    {"layers.{}.cross_attention_norm.weight",
     "encoder.layer.{}.crossattention.output.LayerNorm.weight"},
    {"layers.{}.cross_attention_norm.bias",
     "encoder.layer.{}.crossattention.output.LayerNorm.bias"},
};

constexpr NameRow kBlipDecoderHead[] = {
    {"head_dense.weight", "transform.dense.weight"},
    {"head_dense.bias", "transform.dense.bias"},
    {"head_norm.weight", "transform.LayerNorm.weight"},
    {"head_norm.bias", "transform.LayerNorm.bias"},
    {"head_bias", "bias"},
};

constexpr NameRow kBlipHeads[] = {
    {"text_projector.linear.weight", "text_proj.weight"},
    {"text_projector.linear.bias", "text_proj.bias"},
    {"image_projector.linear.weight", "vision_proj.weight"},
    {"image_projector.linear.bias", "vision_proj.bias"},
    {"matching_head.weight", "itm_head.weight"},
    {"matching_head.bias", "itm_head.bias"},
};

}  // namespace

const std::span<const NameRow> kBlipVisionRows = kBlipVision;
const std::span<const NameRow> kBlipCrossRows = kBlipCross;
const std::span<const NameRow> kBlipDecoderHeadRows = kBlipDecoderHead;
const std::span<const NameRow> kBlipHeadRows = kBlipHeads;

}  // namespace tandem
