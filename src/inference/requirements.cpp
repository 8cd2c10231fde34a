#include "inference/requirements.h"

#include <string>

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {

void require_directory(const std::filesystem::path& directory) {
  if (std::filesystem::is_directory(directory)) return;
  throw Error(ErrorKind::kMissingInput,
              {.what = "there is no model directory here",
               .where = directory.string(),
               .expected = "a folder with model.safetensors, config.json and tokenizer.model"});
}

void check_batch_size(int64_t batch_size) {
  if (batch_size > 0) return;
  throw Error(ErrorKind::kUsage, {.what = "batch_size is out of range",
                                  .expected = "at least 1",
                                  .found = std::to_string(batch_size)});
}

void require_any(size_t count, const char* what) {
  if (count == 0) throw Error(ErrorKind::kUsage, fmt::format("no {} to encode", what));
}

void require_tower(const ModelConfig& config, Towers tower,
                   const std::filesystem::path& directory) {
  const Towers towers = config.model.towers;
  if (towers == tower || towers == Towers::kBoth) return;
  const bool image = tower == Towers::kImage;
  throw Error(ErrorKind::kUsage,
              {.what = fmt::format("this model has no {} tower", image ? "image" : "text"),
               .where = directory.string(),
               .hint = fmt::format("embed {} with it, or take a model of both towers",
                                   image ? "texts" : "images")});
}

void require_matching_head(const ModelConfig& config, const std::filesystem::path& directory) {
  if (config.model.text.cross_attention) return;
  throw Error(ErrorKind::kUsage,
              {.what = "this model has no matching head: it scores similarity only",
               .where = directory.string(),
               .expected = "a model of task.kind blip, or a converted BLIP retrieval model"});
}

}  // namespace tandem
