#include "model/model_card.h"

#include <fmt/format.h>

#include "tandem/version.h"

namespace tandem {

namespace {

struct Use {
  const char* task;  // as model hubs call it
  const char* command;
};

Use use_of(const ModelOptions& options) {
  if (has_decoder(options))
    return {.task = "image-to-text", .command = "clip-caption --model . --images image.jpg"};
  switch (options.towers) {
    case Towers::kText:
      return {.task = "feature-extraction",
              .command = "clip-embed --model . --texts captions.txt --output embeddings"};
    case Towers::kImage:
      return {.task = "image-feature-extraction",
              .command = "clip-embed --model . --images image.jpg --output embeddings"};
    case Towers::kBoth: break;
  }
  return {.task = "zero-shot-image-classification",
          .command = "clip-zeroshot --model . --images image.jpg --classes \"cat,dog\""};
}

std::string rows_of_towers(const ModelOptions& options) {
  const TextEncoderOptions& text = options.text;
  const ImageEncoderOptions& image = options.image;
  std::string rows;
  if (options.towers != Towers::kImage) {
    rows += fmt::format("| text | {} × {}, {} | {} tokens of {} pieces |\n", text.layers,
                        text.width, text.heads, text.context_length, text.vocab_size);
  }
  if (options.towers != Towers::kText) {
    rows += fmt::format("| image | {0} × {1}, {2} | {3} × {3} pixels in patches of {4} |\n",
                        image.layers, image.width, image.heads, image.image_size, image.patch_size);
  }
  if (has_decoder(options)) {
    const TextDecoderOptions& decoder = options.decoder;
    rows += fmt::format("| text decoder | {} × {}, {} | {} tokens of {} pieces |\n", decoder.layers,
                        decoder.width, decoder.heads, decoder.context_length, decoder.vocab_size);
  }
  return rows;
}

}  // namespace

std::string model_card(const ClipModel& model, const ModelConfig& config) {
  int64_t parameters = 0;
  for (const auto& parameter : model->parameters()) parameters += parameter.numel();
  const ModelOptions& options = config.model;
  const Use use = use_of(options);
  return fmt::format(
      "---\n"
      "library_name: tandem\n"
      "pipeline_tag: {}\n"
      "tags: [clip]\n"
      "---\n\n"
      "# A CLIP model\n\n"
      "Trained with Tandem {}. {:.2f} million parameters, embeddings of {} numbers.\n\n"
      "| tower | layers × width, heads | input |\n"
      "|---|---|---|\n"
      "{}\n"
      "Use: `{}`\n",
      use.task, kVersion, static_cast<double>(parameters) / 1e6, options.embed_dim,
      rows_of_towers(options), use.command);
}

}  // namespace tandem
