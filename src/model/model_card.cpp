#include "model/model_card.h"

#include <fmt/format.h>

#include "tandem/version.h"

namespace tandem {

std::string model_card(const ClipModel& model, const ModelConfig& config) {
  int64_t parameters = 0;
  for (const auto& parameter : model->parameters()) parameters += parameter.numel();
  const ModelOptions& options = config.model;
  return fmt::format(
      "---\n"
      "library_name: tandem\n"
      "pipeline_tag: zero-shot-image-classification\n"
      "tags: [clip]\n"
      "---\n\n"
      "# A CLIP model\n\n"
      "Trained with Tandem {}. {:.2f} million parameters, embeddings of {} numbers.\n\n"
      "| | text | image |\n"
      "|---|---|---|\n"
      "| layers × width, heads | {} × {}, {} | {} × {}, {} |\n"
      "| input | {} tokens of {} pieces | {} × {} pixels in patches of {} |\n\n"
      "Use: `clip-zeroshot --model . --images picture.jpg --classes \"cat,dog\"`\n",
      kVersion, static_cast<double>(parameters) / 1e6, options.embed_dim, options.text.layers,
      options.text.width, options.text.heads, options.image.layers, options.image.width,
      options.image.heads, options.text.context_length, options.text.vocab_size,
      options.image.image_size, options.image.image_size, options.image.patch_size);
}

}  // namespace tandem
