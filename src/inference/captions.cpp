#include "tandem/inference/caption.h"

#include <fmt/format.h>
#include <torch/utils.h>

#include "inference/model_tokenizer.h"
#include "inference/pipeline_implementation.h"
#include "inference/requirements.h"

namespace tandem {
namespace {

void require_decoder(const ModelConfig& config, const std::filesystem::path& directory) {
  if (has_decoder(config.model)) return;
  throw Error(ErrorKind::kUsage,
              {.what = "this model has no decoder: it cannot write captions",
               .where = directory.string(),
               .expected = "a model of task.kind captioner, or a converted BLIP captioner"});
}

// The ids of a prompt without the tokens that begin and end a text.
std::vector<int32_t> prompt_ids(const std::string& prompt, const Tokenizer& tokenizer,
                                const TextDecoderOptions& decoder) {
  if (prompt.empty()) return {};
  const Encoding encoding = tokenizer.encode(prompt, decoder.context_length);
  if (encoding.truncated) {
    throw Error(ErrorKind::kUsage,
                {.what = "the prompt is too long",
                 .where = "prompt",
                 .expected = fmt::format("at most {} tokens (model.decoder.context_length)",
                                         decoder.context_length)});
  }
  std::vector<int32_t> ids = encoding.ids;
  if (!ids.empty() && ids.front() == tokenizer.bos_id()) ids.erase(ids.begin());
  if (!ids.empty() && ids.back() == tokenizer.eos_id()) ids.pop_back();
  return ids;
}

}  // namespace

std::vector<Caption> Pipeline::Implementation::captions(const Captioned& images,
                                                        const CaptionOptions& options,
                                                        const OnError& on_error) const {
  require_decoder(config, directory);
  if (tokenizer == nullptr) throw_no_tokenizer(directory);
  const auto count = static_cast<size_t>(std::max<int64_t>(images.count, 0));
  require_any(count, "images");
  GenerationOptions generation = options.generation;
  generation.prompt = prompt_ids(options.prompt, *tokenizer, config.model.decoder);
  prepare_for(images.count * config.model.decoder.context_length);  // It runs once for each token.
  std::vector<Caption> result(count);
  const auto write = [&](const torch::Tensor& batch, const std::vector<int64_t>& rows) {
    std::vector<GeneratedText> texts;
    with_model([&](ClipModel network) {
      const torch::Tensor states = network->encode_image_states(batch);  // [B, N, width]
      std::vector<int64_t> numbers = rows;
      for (int64_t& each : numbers) each += images.first_image;
      texts = generate(network->decoder, states, generation, numbers);
    });
    for (size_t i = 0; i < rows.size(); ++i)
      result[static_cast<size_t>(rows[i])] = {.text = tokenizer->decode(texts[i].ids),
                                              .score = texts[i].score,
                                              .ended = texts[i].ended};
  };
  for_each_batch(images.count, images.prepare, write, on_error);
  return result;
}

PartialCaptions Pipeline::Implementation::what_can_be_captioned(
    const Captioned& images, const CaptionOptions& options) const {
  PartialCaptions result;
  result.errors.resize(static_cast<size_t>(std::max<int64_t>(images.count, 0)));
  result.captions = captions(images, options, [&](int64_t row, const Error& error) {
    result.errors[static_cast<size_t>(row)] = error;
  });
  return result;
}

std::vector<Caption> Pipeline::caption_images(const std::vector<std::filesystem::path>& files,
                                              const CaptionOptions& options) const {
  const auto count = static_cast<int64_t>(files.size());
  return implementation_->captions({.count = count, .prepare = implementation_->prepare(files)},
                                   options,
                                   [](int64_t, const Error& error) { throw Error(error); });
}

PartialCaptions Pipeline::try_caption_images(const std::vector<std::filesystem::path>& files,
                                             const CaptionOptions& options,
                                             int64_t first_image) const {
  return implementation_->what_can_be_captioned({.count = static_cast<int64_t>(files.size()),
                                                 .prepare = implementation_->prepare(files),
                                                 .first_image = first_image},
                                                options);
}

PartialCaptions Pipeline::try_caption_images(int64_t count,
                                             const std::function<Image(int64_t)>& load,
                                             const CaptionOptions& options,
                                             int64_t first_image) const {
  return implementation_->what_can_be_captioned(
      {.count = count, .prepare = implementation_->prepare(load), .first_image = first_image},
      options);
}

}  // namespace tandem
