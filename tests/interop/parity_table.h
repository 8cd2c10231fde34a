#pragma once

#include <string>

namespace tandem {

/// Keeps the worst difference of each family and stage. With TANDEM_REPORT set in the environment
/// the test program prints them at its end, as the Markdown rows of docs/parity.md. A stage is one
/// of text_states, image_states, text_features, image_features, text_embeddings, image_embeddings,
/// logits_per_image and gradients; throws std::out_of_range for another.
void note_difference(const std::string& family, const std::string& stage, double difference);

}  // namespace tandem
