#pragma once

#include <span>

#include "interop/names/name_row.h"

namespace tandem {

// The name maps as data: table_hugging_face.cpp, table_hugging_face_clip.cpp, table_blip.cpp,
// table_open_clip.cpp.
extern const std::span<const NameRow> kBertRows;
extern const std::span<const NameRow> kVitRows;
extern const std::span<const NameRow> kClipBlockRows;
extern const std::span<const NameRow> kClipTextRows;
extern const std::span<const NameRow> kClipVisionRows;
extern const std::span<const NameRow> kSiglipVisionRows;
extern const std::span<const NameRow> kClipHeadRows;
extern const std::span<const NameRow> kSiglipHeadRows;
extern const std::span<const NameRow> kBlipVisionRows;
extern const std::span<const NameRow> kBlipCrossRows;
extern const std::span<const NameRow> kBlipDecoderHeadRows;
extern const std::span<const NameRow> kBlipHeadRows;
extern const std::span<const NameRow> kOpenClipBlockRows;
extern const std::span<const NameRow> kOpenClipTextRows;
extern const std::span<const NameRow> kOpenClipVisionRows;
extern const std::span<const NameRow> kTimmVisionRows;
extern const std::span<const NameRow> kOpenClipTextHeadRows;
extern const std::span<const NameRow> kOpenClipTextBiasHeadRows;
extern const std::span<const NameRow> kOpenClipVisionHeadRows;
extern const std::span<const NameRow> kOpenClipHfMlpHeadRows;
extern const std::span<const NameRow> kOpenClipHfLinearHeadRows;
extern const std::span<const NameRow> kOpenClipScalarRows;

}  // namespace tandem
