#include "tandem/train/training_inputs.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/optim/schedule.h"

namespace tandem {
namespace {

constexpr int64_t kTokenizerCaptions = 200000;

std::shared_ptr<const Source> open_training_source(const RunConfig& config,
                                                   const std::shared_ptr<const Source>& own) {
  const bool wants_own = config.data.train.kind == SourceKind::kProgram;
  if (own && wants_own) return own;
  if (own) {
    throw Error(ErrorKind::kConfig,
                {.what = "the program brings its own data, which the configuration does not use",
                 .where = "data.train.kind",
                 .expected = "program"});
  }
  return open_source(config.data.train, source_context(config.data, config.model.image.image_size));
}

Tokenizer open_tokenizer(const TokenizerOptions& options, const Source& source,
                         const std::filesystem::path& saved) {
  if (!options.file.empty()) return Tokenizer::load(options.file, options.lowercase);
  if (!saved.empty()) {
    Tokenizer tokenizer = Tokenizer::load(saved, options.lowercase);
    log_info(
        fmt::format("tokenizer of the run: {}, {} pieces", saved.string(), tokenizer.vocab_size()));
    return tokenizer;
  }
  if (options.train_vocab_size == 0) {
    throw Error(ErrorKind::kConfig, {.what = "there is no tokenizer",
                                     .where = "tokenizer",
                                     .expected = "tokenizer.file, or tokenizer.train_vocab_size "
                                                 "to train one on the captions"});
  }
  const std::vector<std::string> captions = collect_captions(source, kTokenizerCaptions);
  Tokenizer tokenizer = train_tokenizer(captions, options);
  log_info(fmt::format("tokenizer trained on {} captions: {} pieces", captions.size(),
                       tokenizer.vocab_size()));
  return tokenizer;
}

// `section` is the text tower's or the decoder's.
template <typename Text>
void resolve_vocabulary(Text& text, const TokenizerOptions& options, const Tokenizer& tokenizer,
                        const char* section) {
  // The table of a pretrained model may have rows to spare.
  const bool fits = options.file.empty() ? text.vocab_size == tokenizer.vocab_size()
                                         : text.vocab_size >= tokenizer.vocab_size();
  if (text.vocab_size != 0 && !fits) {
    const std::string name = options.file.empty() ? "the trained tokenizer" : options.file;
    const std::string key = fmt::format("{}.vocab_size", section);
    throw Error(ErrorKind::kConfig,
                {.what = "the model's vocabulary is not the tokenizer's",
                 .where = key,
                 .expected = fmt::format("{} pieces of {}", tokenizer.vocab_size(), name),
                 .found = std::to_string(text.vocab_size),
                 .hint = key + " = 0, which takes the tokenizer's"});
  }
  if (text.vocab_size == 0) text.vocab_size = tokenizer.vocab_size();
  text.pad_id = tokenizer.pad_id();
  text.eos_id = tokenizer.eos_id();
}

// CLIP and GPT-2 pad with the token that ends a text. It is a word of these texts, where padding
// is not written.
bool pads_with_a_word(const auto& text) {
  return text.pad_id == text.bos_id || text.pad_id == text.eos_id;
}

void resolve_texts(ModelOptions& model, TokenizerOptions& options, const Tokenizer& tokenizer) {
  // Captions may hold fewer pieces than were asked for.
  options.train_vocab_size = std::min(options.train_vocab_size, tokenizer.vocab_size());
  resolve_vocabulary(model.text, options, tokenizer, "model.text");
  model.text.bos_id = tokenizer.bos_id();
  if (pads_with_a_word(model.text) && !model.text.pad_to_context) model.text.pad_id = -1;
  if (!has_decoder(model)) return;
  resolve_vocabulary(model.decoder, options, tokenizer, "model.decoder");
  if (model.decoder.bos_id < 0) model.decoder.bos_id = tokenizer.bos_id();
  if (pads_with_a_word(model.decoder)) model.decoder.pad_id = -1;
}

// The longest text that every part can read which trains on it.
int64_t context_length(const RunConfig& config) {
  const int64_t text = config.model.text.context_length;
  const int64_t decoder = config.model.decoder.context_length;
  if (config.task.kind == TaskKind::kCaptioner) return decoder;
  return config.task.kind == TaskKind::kBlip ? std::min(text, decoder) : text;
}

void resolve_steps(RunConfig& config, int64_t epoch_size) {
  if (!config.train.max_steps) {
    const double batches = config.train.epochs * static_cast<double>(epoch_size) /
                           static_cast<double>(config.data.batch_size);
    constexpr double kRounding = 1e-9;
    config.train.max_steps = std::max<int64_t>(1, std::llround(std::ceil(batches - kRounding)));
  }
  config.optim.warmup_steps = LearningRate(config.optim, *config.train.max_steps).warmup_steps();
}

}  // namespace

torch::Device open_device(const RunOptions& options) {
  const torch::Device device = resolve_device(options.device);
  set_cpu_threads(static_cast<int>(options.cpu_threads));
  return device;
}

TrainingInputs open_inputs(RunConfig config, const torch::Device& device,
                           const InputsOptions& options) {
  TrainingInputs inputs;
  inputs.device = device;
  inputs.source = open_training_source(config, options.source);
  resolve_steps(config, inputs.source->epoch_size());
  inputs.tokenizer = open_tokenizer(config.tokenizer, *inputs.source, options.saved_tokenizer);
  resolve_texts(config.model, config.tokenizer, *inputs.tokenizer);
  inputs.config = std::move(config);
  return inputs;
}

LoaderOptions loader_options(const TrainingInputs& inputs) {
  const RunConfig& config = inputs.config;
  return {.batch_size = config.data.batch_size,
          .image_size = config.model.image.image_size,
          .context_length = context_length(config),
          .transform = config.data.transform,
          .augment = config.data.augment,
          .training = true,
          .seed = config.run.seed,
          .start_position = 0,
          .threads = config.data.loader_threads,
          .prefetch_batches = config.data.prefetch_batches,
          .pin_memory = inputs.device.is_cuda(),
          .with_replacement = config.data.with_replacement,
          .caption_dropout = config.data.caption_dropout,
          .max_bad_ratio = config.data.max_bad_ratio,
          .max_caption_bytes = config.data.max_caption_bytes,
          .bad_samples_file = {},
          .stall_warning_seconds = config.train.stall_warning_seconds,
          .stall_timeout_seconds = 60.0 * config.train.stall_timeout_minutes};
}

}  // namespace tandem
