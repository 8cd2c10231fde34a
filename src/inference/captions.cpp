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

PartialCaptions Pipeline::Implementation::captions(int64_t count,
                                                   const std::function<Image(int64_t)>& prepare,
                                                   const CaptionOptions& options,
                                                   int64_t first_image) const {
  require_decoder(config, directory);
  if (tokenizer == nullptr) throw_no_tokenizer(directory);
  require_any(static_cast<size_t>(std::max<int64_t>(count, 0)), "images");
  GenerationOptions generation = options.generation;
  generation.prompt = prompt_ids(options.prompt, *tokenizer, config.model.decoder);
  prepare_for(count * config.model.decoder.context_length);  // It runs once for each token.
  PartialCaptions result;
  result.captions.resize(static_cast<size_t>(count));
  result.errors.resize(static_cast<size_t>(count));

  const auto write = [&](const torch::Tensor& images, const std::vector<int64_t>& rows) {
    std::vector<GeneratedText> texts;
    with_model([&](ClipModel network) {
      const torch::Tensor states = network->encode_image_states(images);  // [B, N, width]
      std::vector<int64_t> numbers = rows;
      for (int64_t& each : numbers) each += first_image;
      texts = generate(network->decoder, states, generation, numbers);
    });
    for (size_t i = 0; i < rows.size(); ++i)
      result.captions[static_cast<size_t>(rows[i])] = {.text = tokenizer->decode(texts[i].ids),
                                                       .score = texts[i].score,
                                                       .ended = texts[i].ended};
  };
  for_each_batch(count, prepare, write, [&](int64_t row, const Error& error) {
    result.errors[static_cast<size_t>(row)] = error;
  });
  return result;
}

std::vector<Caption> Pipeline::caption_images(const std::vector<std::filesystem::path>& files,
                                              const CaptionOptions& options) const {
  PartialCaptions partial = try_caption_images(files, options);
  for (const auto& error : partial.errors)
    if (error) throw Error(*error);
  return std::move(partial.captions);
}

PartialCaptions Pipeline::try_caption_images(const std::vector<std::filesystem::path>& files,
                                             const CaptionOptions& options,
                                             int64_t first_image) const {
  const auto prepare = [&](int64_t i) {
    return implementation_->prepared(files[static_cast<size_t>(i)]);
  };
  return implementation_->captions(static_cast<int64_t>(files.size()), prepare, options,
                                   first_image);
}

PartialCaptions Pipeline::try_caption_images(int64_t count,
                                             const std::function<Image(int64_t)>& load,
                                             const CaptionOptions& options,
                                             int64_t first_image) const {
  const auto prepare = [&](int64_t i) { return implementation_->prepared(load(i)); };
  return implementation_->captions(count, prepare, options, first_image);
}

}  // namespace tandem
