#pragma once

namespace tandem {

/// Who stores a tower or a pair of them, and how.
enum class Layout {
  kBert,            ///< Hugging Face BERT, RoBERTa, XLM-R: one text tower.
  kVit,             ///< Hugging Face ViT: one image tower.
  kClip,            ///< Hugging Face CLIP.
  kSiglip,          ///< Hugging Face SigLIP, and SigLIP 2 of fixed resolution.
  kBlip,            ///< Hugging Face BLIP: an image tower with a text tower, a decoder, or both.
  kDualVit,         ///< VisionTextDualEncoder with a ViT.
  kDualClip,        ///< VisionTextDualEncoder with CLIP's vision tower.
  kTandem,          ///< Our own names, opened in transformers by modeling_tandem.py.
  kOpenClip,        ///< open_clip's own towers, the text tower at the top.
  kOpenClipCustom,  ///< The same with the text tower below `text.`.
  kOpenClipHf,      ///< open_clip's vision tower and a Hugging Face text tower.
  kOpenClipTimm,    ///< timm's vision tower and open_clip's text tower: SigLIP.
};

}  // namespace tandem
