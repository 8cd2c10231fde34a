#include "interop/hugging_face/image_processor_kind.h"

#include "tandem/config/model_options.h"

namespace tandem {
namespace {

constexpr std::array<double, 3> kHalf = {0.5, 0.5, 0.5};
constexpr std::array<double, 3> kClipMean = {0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipStd = {0.26862954, 0.26130258, 0.27577711};

// transformers 5.24, models/*/image_processing_pil_*.py.
constexpr ImageProcessorKind kClip = {"CLIP", true, false, true, 3, 1.0, kClipMean, kClipStd};
constexpr ImageProcessorKind kVit = {"ViT", false, true, false, 2, 1.0, kHalf, kHalf};
constexpr ImageProcessorKind kSiglip = {"Siglip", false, false, true, 3, 1.0, kHalf, kHalf};
constexpr ImageProcessorKind kBlip = {"Blip", false, true, true, 3, 1.0, kClipMean, kClipStd};
constexpr ImageProcessorKind kOthers[] = {
    {"ChineseCLIP", true, false, true, 3, 1.0, kClipMean, kClipStd},
    {"Bit", true, false, true, 3, 1.0, kClipMean, kClipStd},
    {"DeiT", true, true, false, 3, 224.0 / 256, kHalf, kHalf},
};

void remove_suffix(std::string& name, std::string_view suffix) {
  if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
}

const ImageProcessorKind& usual_kind(Layout layout) {
  if (layout == Layout::kVit || layout == Layout::kDualVit) return kVit;
  if (layout == Layout::kBlip) return kBlip;
  return layout == Layout::kSiglip ? kSiglip : kClip;
}

}  // namespace

const ImageProcessorKind& image_processor_kind(ConfigObject& processor, Layout layout) {
  const bool older = !processor.has("image_processor_type");
  const char* key = older ? "feature_extractor_type" : "image_processor_type";
  std::string name = processor.text(key, "");
  if (name.empty()) return usual_kind(layout);
  for (const char* backend : {"Fast", "Pil"}) remove_suffix(name, backend);
  for (const char* role : {"ImageProcessor", "FeatureExtractor"}) remove_suffix(name, role);
  for (const ImageProcessorKind* kind : {&kClip, &kVit, &kSiglip, &kBlip}) {
    if (kind->name == name) return *kind;
  }
  for (const ImageProcessorKind& kind : kOthers) {
    if (kind.name == name) return kind;
  }
  processor.refuse(key, "the image processor of CLIP, ViT, Siglip, ChineseCLIP, Bit, Blip or DeiT");
}

}  // namespace tandem
