#pragma once

#include <string_view>

#include "interop/reading/config_object.h"

namespace tandem {

// What a tower of open_clip's own does not read.
inline constexpr std::string_view kHfFields[] = {"hf_model_name", "hf_pooler_type", "hf_proj_type",
                                                 "pooler_type", "proj"};
inline constexpr std::string_view kTimmFields[] = {"timm_model_name", "timm_pool", "timm_proj"};
// What a tower of another library does not read.
inline constexpr std::string_view kOwnTextFields[] = {
    "vocab_size", "width",  "heads",          "layers",     "mlp_ratio",   "pool_type",
    "pad_id",     "eos_id", "no_causal_mask", "act_kwargs", "norm_kwargs", "proj_bias"};
inline constexpr std::string_view kOwnVisionFields[] = {"layers",    "width",      "head_width",
                                                        "mlp_ratio", "patch_size", "pool_type",
                                                        "no_ln_pre", "act_kwargs", "norm_kwargs"};

/// Ends the reading of one tower's object. What open_clip writes and what cannot change an
/// embedding is known; a field that changes embeddings is fine at the one value that our models
/// have. Throws kCheckpoint for everything else that was not read.
void finish_open_clip(ConfigObject& config);

}  // namespace tandem
