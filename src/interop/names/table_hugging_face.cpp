#include "interop/names/tables.h"

namespace tandem {
namespace {

constexpr NameRow kBert[] = {
    {"token_embedding", "embeddings.word_embeddings.weight"},
    {"position_embedding", "embeddings.position_embeddings.weight"},
    {"type_embedding", "embeddings.token_type_embeddings.weight"},
    {"embedding_norm.weight", "embeddings.LayerNorm.weight"},
    {"embedding_norm.bias", "embeddings.LayerNorm.bias"},
    {"layers.{}.attention.qkv.weight",
     "encoder.layer.{}.attention.self.query.weight + encoder.layer.{}.attention.self.key.weight + "
     "encoder.layer.{}.attention.self.value.weight"},
    {"layers.{}.attention.qkv.bias",
     "encoder.layer.{}.attention.self.query.bias + encoder.layer.{}.attention.self.key.bias + "
     "encoder.layer.{}.attention.self.value.bias"},
    {"layers.{}.attention.output.weight", "encoder.layer.{}.attention.output.dense.weight"},
    {"layers.{}.attention.output.bias", "encoder.layer.{}.attention.output.dense.bias"},
    {"layers.{}.attention_norm.weight", "encoder.layer.{}.attention.output.LayerNorm.weight"},
    {"layers.{}.attention_norm.bias", "encoder.layer.{}.attention.output.LayerNorm.bias"},
    {"layers.{}.mlp_in.weight", "encoder.layer.{}.intermediate.dense.weight"},
    {"layers.{}.mlp_in.bias", "encoder.layer.{}.intermediate.dense.bias"},
    {"layers.{}.mlp_out.weight", "encoder.layer.{}.output.dense.weight"},
    {"layers.{}.mlp_out.bias", "encoder.layer.{}.output.dense.bias"},
    {"layers.{}.mlp_norm.weight", "encoder.layer.{}.output.LayerNorm.weight"},
    {"layers.{}.mlp_norm.bias", "encoder.layer.{}.output.LayerNorm.bias"},
    {"pooler.weight", "pooler.dense.weight"},
    {"pooler.bias", "pooler.dense.bias"},
};

constexpr NameRow kVit[] = {
    {"class_token", "embeddings.cls_token", Transform::kTwoLeadingAxes},
    {"position_embedding", "embeddings.position_embeddings", Transform::kLeadingAxis},
    {"patch_embedding.weight", "embeddings.patch_embeddings.projection.weight",
     Transform::kPatches},
    {"patch_embedding.bias", "embeddings.patch_embeddings.projection.bias"},
    {"layers.{}.attention_norm.weight", "encoder.layer.{}.layernorm_before.weight"},
    {"layers.{}.attention_norm.bias", "encoder.layer.{}.layernorm_before.bias"},
    {"layers.{}.attention.qkv.weight",
     "encoder.layer.{}.attention.attention.query.weight + "
     "encoder.layer.{}.attention.attention.key.weight + "
     "encoder.layer.{}.attention.attention.value.weight"},
    {"layers.{}.attention.qkv.bias",
     "encoder.layer.{}.attention.attention.query.bias + "
     "encoder.layer.{}.attention.attention.key.bias + "
     "encoder.layer.{}.attention.attention.value.bias"},
    {"layers.{}.attention.output.weight", "encoder.layer.{}.attention.output.dense.weight"},
    {"layers.{}.attention.output.bias", "encoder.layer.{}.attention.output.dense.bias"},
    {"layers.{}.mlp_norm.weight", "encoder.layer.{}.layernorm_after.weight"},
    {"layers.{}.mlp_norm.bias", "encoder.layer.{}.layernorm_after.bias"},
    {"layers.{}.mlp_in.weight", "encoder.layer.{}.intermediate.dense.weight"},
    {"layers.{}.mlp_in.bias", "encoder.layer.{}.intermediate.dense.bias"},
    {"layers.{}.mlp_out.weight", "encoder.layer.{}.output.dense.weight"},
    {"layers.{}.mlp_out.bias", "encoder.layer.{}.output.dense.bias"},
    {"final_norm.weight", "layernorm.weight"},
    {"final_norm.bias", "layernorm.bias"},
    {"pooler.weight", "pooler.dense.weight"},
    {"pooler.bias", "pooler.dense.bias"},
};

constexpr NameRow kClipHeads[] = {
    {"text_projector.linear.weight", "text_projection.weight"},
    {"image_projector.linear.weight", "visual_projection.weight"},
    {"logit_scale", "logit_scale"},
};

constexpr NameRow kSiglipHeads[] = {
    {"text_projector.linear.weight", "text_model.head.weight"},
    {"text_projector.linear.bias", "text_model.head.bias"},
    {"logit_scale", "logit_scale", Transform::kScalar},
    {"logit_bias", "logit_bias", Transform::kScalar},
};

}  // namespace

const std::span<const NameRow> kBertRows = kBert;
const std::span<const NameRow> kVitRows = kVit;
const std::span<const NameRow> kClipHeadRows = kClipHeads;
const std::span<const NameRow> kSiglipHeadRows = kSiglipHeads;

}  // namespace tandem
