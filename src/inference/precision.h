#pragma once

#include <string>

#include <torch/types.h>

#include "tandem/model/clip_model.h"

namespace tandem {

/// Throws kUsage for a precision that is not one of PipelineOptions, or not to be had on `device`.
void check_inference_precision(const std::string& precision, const torch::Device& device);

/// Converts a model's weights in place. Returns how far its embeddings may then be from the golden
/// sample. Throws kUsage as above, kDevice for int8 where there are no 8-bit products.
double set_inference_precision(ClipModel model, const std::string& precision);

/// Logs a warning when `precision` is not fp32 and slower than that on this CPU.
void warn_when_slow(const std::string& precision);

/// Throws kCheckpoint when an embedding of the model at `where` is NaN or infinite.
void require_finite(const torch::Tensor& embeddings, const std::string& where);

}  // namespace tandem
