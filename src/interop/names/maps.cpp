#include "interop/names/maps.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "interop/names/blip_names.h"
#include "interop/names/tables.h"

namespace tandem {
namespace {

// What precedes every name in files of a model with a head for another task.
constexpr std::array<std::string_view, 4> kOuterPrefixes = {"roberta.", "bert.", "vit.",
                                                            "xlm_roberta."};

struct Ending {
  std::string_view old_name;
  std::string_view new_name;
};
constexpr Ending kOldEndings[] = {
    {"LayerNorm.gamma", "LayerNorm.weight"},
    {"LayerNorm.beta", "LayerNorm.bias"},
};

struct KnownExtra {
  std::string_view part;
  std::string_view reason;
};
constexpr KnownExtra kExtras[] = {
    {"position_ids", "a table of counted numbers"},
    {"token_type_ids", "a table of zeros"},
    {"attn_mask", "the causal mask, which is made anew"},
    {"input_resolution", "a size of OpenAI's program"},
    {"context_length", "a size of OpenAI's program"},
    {"vocab_size", "a size of OpenAI's program"},
};
// At the start of a name, in files of single towers.
constexpr KnownExtra kOtherHeads[] = {
    {"lm_head.", "head of masked language modelling"},
    {"cls.", "head of masked language modelling"},
    {"classifier.", "head of a classifier; pool = logits keeps one"},
};

bool is_single(Layout layout) { return layout == Layout::kBert || layout == Layout::kVit; }

std::string without_outer_prefix(Layout layout, const std::string& name) {
  for (const std::string_view prefix : kOuterPrefixes) {
    if (is_single(layout) && name.starts_with(prefix)) return name.substr(prefix.size());
  }
  // CLIP's vision tower inside a dual encoder was nested once more before transformers 5.
  constexpr std::string_view kNested = "vision_model.vision_model.";
  if (name.starts_with(kNested)) return "vision_model." + name.substr(kNested.size());
  return name;
}

std::string_view reason_to_drop(Layout layout, const std::string& name) {
  for (const KnownExtra& extra : kExtras) {
    if (name.ends_with(extra.part)) return extra.reason;
  }
  for (const KnownExtra& head : kOtherHeads) {
    if (is_single(layout) && name.starts_with(head.part)) return head.reason;
  }
  return {};
}

bool is_scalar(const std::string& name) { return name == "logit_scale" || name == "logit_bias"; }

// open_clip's nonscalar_logit_scale stores them as [1].
torch::Tensor scalar(const torch::Tensor& tensor) {
  return tensor.numel() == 1 ? tensor.reshape({}) : tensor;
}

}  // namespace

NameMap name_map(Layout layout, const ModelOptions& options) {
  const bool mlp = text_projector_of(options).kind == ProjectorKind::kMlp;
  const auto text_head =
      text_projector_of(options).bias ? kOpenClipTextBiasHeadRows : kOpenClipTextHeadRows;
  switch (layout) {
    case Layout::kTandem: return {};
    case Layout::kBert: return {{"text.", "", kBertRows}};
    case Layout::kVit: return {{"image.", "", kVitRows}};
    case Layout::kClip:
      return {{"text.", "text_model.", kClipTextRows},
              {"text.", "text_model.", kClipBlockRows},
              {"image.", "vision_model.", kClipVisionRows},
              {"image.", "vision_model.", kClipBlockRows},
              {"", "", kClipHeadRows}};
    case Layout::kSiglip:
      return {{"text.", "text_model.", kClipTextRows},
              {"text.", "text_model.", kClipBlockRows},
              {"image.", "vision_model.", kSiglipVisionRows},
              {"image.", "vision_model.", kClipBlockRows},
              {"", "", kSiglipHeadRows}};
    case Layout::kBlip:
      return {{"image.", "vision_model.", kBlipVisionRows},
              {"text.", "text_encoder.", kBertRows},
              {"text.", "text_encoder.", kBlipCrossRows},
              {"decoder.", "text_decoder.bert.", kBertRows},
              {"decoder.", "text_decoder.bert.", kBlipCrossRows},
              {"decoder.", "text_decoder.cls.predictions.", kBlipDecoderHeadRows},
              {"", "", kBlipHeadRows}};
    case Layout::kDualVit:
      return {{"text.", "text_model.", kBertRows},
              {"image.", "vision_model.", kVitRows},
              {"", "", kClipHeadRows}};
    case Layout::kDualClip:
      return {{"text.", "text_model.", kBertRows},
              {"image.", "vision_model.", kClipVisionRows},
              {"image.", "vision_model.", kClipBlockRows},
              {"", "", kClipHeadRows}};
    case Layout::kOpenClip:
      return {{"text.", "", kOpenClipTextRows},
              {"text.", "", kOpenClipBlockRows},
              {"text_projector.", "", text_head},
              {"image.", "visual.", kOpenClipVisionRows},
              {"image.", "visual.", kOpenClipBlockRows},
              {"image_projector.", "visual.", kOpenClipVisionHeadRows},
              {"", "", kOpenClipScalarRows}};
    case Layout::kOpenClipCustom:
      return {{"text.", "text.", kOpenClipTextRows},
              {"text.", "text.", kOpenClipBlockRows},
              {"text_projector.", "text.", text_head},
              {"image.", "visual.", kOpenClipVisionRows},
              {"image.", "visual.", kOpenClipBlockRows},
              {"image_projector.", "visual.", kOpenClipVisionHeadRows},
              {"", "", kOpenClipScalarRows}};
    case Layout::kOpenClipHf:
      return {
          {"text.", "text.transformer.", kBertRows},
          {"text_projector.", "text.", mlp ? kOpenClipHfMlpHeadRows : kOpenClipHfLinearHeadRows},
          {"image.", "visual.", kOpenClipVisionRows},
          {"image.", "visual.", kOpenClipBlockRows},
          {"image_projector.", "visual.", kOpenClipVisionHeadRows},
          {"", "", kOpenClipScalarRows}};
    case Layout::kOpenClipTimm:
      return {{"text.", "text.", kOpenClipTextRows},
              {"text.", "text.", kOpenClipBlockRows},
              {"text_projector.", "text.", text_head},
              {"image.", "visual.trunk.", kTimmVisionRows},
              {"", "", kOpenClipScalarRows}};
  }
  TORCH_CHECK(false, "unknown layout ", static_cast<int>(layout));
}

namespace {

// transformers 5 writes a tower of CLIP or SigLIP alone without the name that it has in a pair.
std::string missing_tower_name(Layout layout, const TensorMap& theirs) {
  if (layout != Layout::kClip && layout != Layout::kSiglip) return {};
  if (theirs.contains("embeddings.token_embedding.weight")) return "text_model.";
  if (theirs.contains("embeddings.patch_embedding.weight")) return "vision_model.";
  return {};
}

}  // namespace

TensorMap modern_names(Layout layout, const TensorMap& theirs, ConversionReport& report) {
  TensorMap result;
  const std::string tower = missing_tower_name(layout, theirs);
  for (const auto& [written, tensor] : theirs) {
    std::string name = tower + without_outer_prefix(layout, written);
    for (const Ending& ending : kOldEndings) {
      if (name.ends_with(ending.old_name)) {
        name.replace(name.size() - ending.old_name.size(), std::string::npos, ending.new_name);
      }
    }
    const std::string_view reason =
        layout == Layout::kBlip ? reason_to_drop_of_blip(name) : reason_to_drop(layout, name);
    if (!reason.empty()) {
      report.dropped.push_back(fmt::format("{} ({})", written, reason));
    } else if (!result.emplace(name, is_scalar(name) ? scalar(tensor) : tensor).second) {
      report.unexpected.push_back(fmt::format("{} (a second {})", written, name));
    }
  }
  return result;
}

void drop_unreached_positions(const TextEncoderOptions& text, TensorMap& theirs,
                              ConversionReport& report) {
  const bool roberta = text.position_style == PositionStyle::kRoberta;
  const int64_t rows = text.context_length + (roberta ? text.pad_id + 1 : 0);
  for (auto& [name, table] : theirs) {
    const bool longer = table.dim() == 2 && table.size(0) > rows;
    if (!longer || !name.ends_with("embeddings.position_embeddings.weight")) continue;
    report.dropped.push_back(fmt::format("rows {} to {} of {} (texts are cut to {} tokens)", rows,
                                         table.size(0) - 1, name, text.context_length));
    table = table.slice(0, 0, rows).contiguous();
  }
}

}  // namespace tandem
