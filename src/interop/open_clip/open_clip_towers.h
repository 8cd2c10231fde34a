#pragma once

#include <string>
#include <string_view>

#include "interop/reading/foreign_config.h"

namespace tandem {

/// Text towers that open_clip names without a configuration of their own.
struct KnownTextTower {
  const char* name;
  const char* preset;  ///< text_preset's name.
};
inline constexpr KnownTextTower kKnownTextTowers[] = {
    {"roberta-base", "roberta_base"},
    {"xlm-roberta-base", "xlm_roberta_base"},
    {"bert-base-uncased", "bert_base"},
};

/// Returns timm's SigLIP tower of this name. One that is not known is read off the weights' shapes,
/// with request.timm_heads heads; without that, throws kCheckpoint.
[[nodiscard]] ImageEncoderOptions timm_tower(const std::string& name, const ForeignRequest& request,
                                             const ConfigObject& config);

/// Returns timm's name of a tower, or an empty text.
[[nodiscard]] std::string timm_name(const ImageEncoderOptions& image);

}  // namespace tandem
