#include "interop/names/blip_names.h"

#include <array>
#include <utility>

#include <ATen/ops/equal.h>
#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr std::string_view kTextTower = "text_encoder.";
constexpr std::string_view kDecoder = "text_decoder.bert.";

// Of the image tower, in the order in which they are applied.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kVisionParts = {{
    {"visual_encoder.blocks.", "vision_model.encoder.layers."},
    {"visual_encoder.norm.", "vision_model.post_layernorm."},
    {"visual_encoder.patch_embed.proj.", "vision_model.embeddings.patch_embedding."},
    {"visual_encoder.pos_embed", "vision_model.embeddings.position_embedding"},
    {"visual_encoder.cls_token", "vision_model.embeddings.class_embedding"},
    {".attn.proj.", ".self_attn.projection."},
    {".attn.", ".self_attn."},
    {".norm1.", ".layer_norm1."},
    {".norm2.", ".layer_norm2."},
}};

struct ExtraOfBlip {
  std::string_view part;
  std::string_view reason;
};
constexpr ExtraOfBlip kExtrasOfBlip[] = {
    {"_encoder_m.", "of the momentum twin, which only training reads"},
    {"_decoder_m.", "of the momentum twin, which only training reads"},
    {"_proj_m.", "of the momentum twin, which only training reads"},
    {"_queue", "a queue of training"},
    {"queue_ptr", "a queue of training"},
    {"ptr_queue", "a queue of training"},
    {"position_ids", "a table of counted numbers"},
    {"cls.predictions.decoder.", "a copy of the token table or of the head's bias"},
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kTiedHead = {{
    {"text_decoder.cls.predictions.decoder.weight",
     "text_decoder.bert.embeddings.word_embeddings.weight"},
    {"text_decoder.cls.predictions.decoder.bias", "text_decoder.cls.predictions.bias"},
}};

std::string vision_name(std::string name) {
  for (const auto& [theirs, ours] : kVisionParts) {
    const size_t at = name.find(theirs);
    if (at != std::string::npos) name.replace(at, theirs.size(), ours);
  }
  return name;
}

bool are_equal(const torch::Tensor& left, const torch::Tensor& right) {
  return left.scalar_type() == right.scalar_type() && left.sizes() == right.sizes() &&
         at::equal(left, right);
}

// The decoder's name of a tensor that it may share with the text tower.
std::string decoder_name(const std::string& name) {
  if (!name.starts_with(kTextTower) || name.find(".attention.") != std::string::npos) return {};
  return std::string(kDecoder) + name.substr(kTextTower.size());
}

}  // namespace

TensorMap hugging_face_blip_names(const TensorMap& theirs) {
  TensorMap result;
  for (const auto& [name, tensor] : theirs)
    result.emplace(name.starts_with("visual_encoder.") ? vision_name(name) : name, tensor);
  return result;
}

void check_tied_head(const TensorMap& theirs, const std::string& where) {
  for (const auto& [copy, original] : kTiedHead) {
    const auto found = theirs.find(std::string(copy));
    const auto table = theirs.find(std::string(original));
    if (found == theirs.end() || table == theirs.end()) continue;
    if (are_equal(found->second, table->second)) continue;
    throw Error(ErrorKind::kCheckpoint,
                {.what = fmt::format("{} differs from {}, with which it is tied", copy, original),
                 .where = where});
  }
}

std::string_view reason_to_drop_of_blip(const std::string& name) {
  if (name == kTemperatureOfBlip) return "the temperature, which logit_scale says";
  for (const ExtraOfBlip& extra : kExtrasOfBlip) {
    if (name.find(extra.part) != std::string::npos) return extra.reason;
  }
  return {};
}

bool decoder_shares_tensors(const TensorMap& theirs) {
  bool shares = false;
  for (const auto& [name, tensor] : theirs) {
    const auto copy = theirs.find(decoder_name(name));
    if (copy == theirs.end()) continue;
    if (!are_equal(tensor, copy->second)) return false;
    shares = true;
  }
  return shares;
}

void drop_shared_copies(TensorMap& theirs, ConversionReport& report) {
  std::vector<std::string> copies;
  for (const auto& [name, tensor] : theirs) {
    std::string copy = decoder_name(name);
    if (theirs.contains(copy)) copies.push_back(std::move(copy));
  }
  for (const std::string& copy : copies) {
    theirs.erase(copy);
    report.dropped.push_back(copy + " (a copy of the text tower's)");
  }
}

void add_shared_copies(TensorMap& theirs) {
  TensorMap copies;
  for (const auto& [name, tensor] : theirs) {
    const std::string copy = decoder_name(name);
    if (!copy.empty()) copies.emplace(copy, tensor);
  }
  theirs.merge(copies);
}

}  // namespace tandem
