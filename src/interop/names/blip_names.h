#pragma once

#include <string>
#include <string_view>

#include "tandem/interop/report.h"
#include "tandem/io/safetensors.h"

namespace tandem {

/// Salesforce's name of the temperature: a number that divides the similarities.
inline constexpr std::string_view kTemperatureOfBlip = "temp";

/// Returns `theirs` with the names that Hugging Face gives the tensors of Salesforce's BLIP; other
/// names stay.
[[nodiscard]] TensorMap hugging_face_blip_names(const TensorMap& theirs);

/// Throws kCheckpoint when a decoder's matrix over the vocabulary is stored beside the token table
/// and is not equal to it; `where` names the file.
void check_tied_head(const TensorMap& theirs, const std::string& where);

/// Returns why a tensor of BLIP, under its Hugging Face name, carries no weight of the model; empty
/// if it does.
[[nodiscard]] std::string_view reason_to_drop_of_blip(const std::string& name);

/// Whether the text decoder of a BLIP file has all but self-attention in common with the text
/// tower: the tensors are there twice, and equal. `theirs` has Hugging Face's names.
[[nodiscard]] bool decoder_shares_tensors(const TensorMap& theirs);

/// Leaves out the decoder's copies of tensors that it shares, and names them in `report.dropped`.
void drop_shared_copies(TensorMap& theirs, ConversionReport& report);

/// Adds the decoder's copies of the text tower's tensors, for a file that has both.
void add_shared_copies(TensorMap& theirs);

}  // namespace tandem
