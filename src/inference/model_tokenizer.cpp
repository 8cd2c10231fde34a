#include "inference/model_tokenizer.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/model_files.h"
#include "tandem/core/error.h"
#include "tandem/model/golden_sample.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// A vocabulary of our own is as large as the table; a published table may have rows to spare.
void check_vocabulary(const fs::path& directory, int64_t rows, const Tokenizer& tokenizer) {
  const int64_t pieces = tokenizer.vocab_size();
  const bool ours = tokenizer.file_name() == "tokenizer.model";
  if (ours ? rows == pieces : rows >= pieces) return;
  throw Error(ErrorKind::kCheckpoint,
              {.what = "the tokenizer does not belong to the model",
               .where = directory.string(),
               .expected = fmt::format("{} pieces (model.text.vocab_size in config.json)", rows),
               .found = fmt::format("{} pieces in {}", pieces, tokenizer.file_name()),
               .hint = "copy the tokenizer that was written together with model.safetensors"});
}

// CLIP's towers read the text's vector where it ends: at eos_id, or at the largest id.
void check_end(const fs::path& directory, const TextEncoderOptions& text,
               const Tokenizer& tokenizer) {
  if (text.pool != TextPool::kEot && text.pool != TextPool::kArgmax) return;
  const std::vector<int32_t> ids = tokenizer.encode("a", text.context_length).ids;
  const bool by_id = text.pool == TextPool::kEot;
  const int64_t wanted = by_id ? text.eos_id : *std::ranges::max_element(ids);
  if (ids.back() == wanted) return;
  throw Error(ErrorKind::kCheckpoint,
              {.what = "the tokenizer never ends a text as the model expects it",
               .where = directory.string(),
               .expected = by_id ? fmt::format("id {} at the end (model.text.eos_id)", wanted)
                                 : "the largest id at the end (model.text.pool is argmax)",
               .found = fmt::format("the ids {} for \"a\"", fmt::join(ids, ", ")),
               .hint = "copy the tokenizer's files that were published with the model"});
}

// Whether the model was converted without a tokenizer: its golden sample knows ids but no text.
bool knows_ids_only(const fs::path& directory) {
  const auto sample = load_golden_sample(directory);
  return sample && sample->text.text.empty();
}

}  // namespace

std::shared_ptr<const Tokenizer> load_model_tokenizer(const fs::path& directory,
                                                      const ModelConfig& config) {
  const ModelOptions& model = config.model;
  const bool has_text = model.towers != Towers::kImage;
  if (!has_text && !has_decoder(model)) return nullptr;
  const auto place = find_model_tokenizer(directory);
  if (!place && knows_ids_only(directory)) return nullptr;
  auto tokenizer = std::make_shared<const Tokenizer>(
      Tokenizer::load(place.value_or(directory / "tokenizer.model"), config.tokenizer.lowercase));
  check_vocabulary(directory, has_text ? model.text.vocab_size : model.decoder.vocab_size,
                   *tokenizer);
  if (has_text) check_end(directory, model.text, *tokenizer);
  return tokenizer;
}

void check_ids(const std::vector<std::vector<int32_t>>& texts, const TextEncoderOptions& options) {
  for (size_t text = 0; text < texts.size(); ++text) {
    const auto length = static_cast<int64_t>(texts[text].size());
    if (length == 0 || length > options.context_length) {
      throw Error(ErrorKind::kUsage,
                  {.what = length == 0 ? "a text has no ids" : "a text is too long",
                   .where = fmt::format("text {}", text),
                   .expected = fmt::format("1 to {} ids", options.context_length),
                   .found = std::to_string(length)});
    }
    for (const int32_t id : texts[text]) {
      if (id >= 0 && id < options.vocab_size) continue;
      throw Error(ErrorKind::kUsage, {.what = "an id is outside the model's vocabulary",
                                      .where = fmt::format("text {}", text),
                                      .expected = fmt::format("0 to {}", options.vocab_size - 1),
                                      .found = std::to_string(id)});
    }
  }
}

void throw_no_tokenizer(const fs::path& directory) {
  if (directory.empty())
    throw Error(ErrorKind::kUsage, "the model in training was given no tokenizer");
  throw Error(ErrorKind::kUsage,
              {.what = "this model came without a tokenizer",
               .where = directory.string(),
               .expected = fmt::format("tokenizer.model in this folder, or one of {}",
                                       fmt::join(kForeignTokenizerFiles, ", ")),
               .hint = "copy there the tokenizer's files of the model that it was converted from"});
}

}  // namespace tandem
