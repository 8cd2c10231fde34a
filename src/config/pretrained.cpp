#include "config/pretrained.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "config/fields/field_value.h"
#include "config/json/json.h"
#include "config/model_files.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem::config {
namespace {

namespace fs = std::filesystem;

// The tokenizer beside the weights. That of a checkpoint lies in the folder of its run. Empty where
// there is none.
std::string find_tokenizer(const fs::path& folder) {
  if (const auto found = find_model_tokenizer(folder)) return *found;
  const fs::path run = fs::absolute(folder).lexically_normal().parent_path().parent_path();
  std::error_code ignored;
  for (const char* name : {"tokenizer.json", "tokenizer.model"})
    if (fs::exists(run / name, ignored)) return run / name;
  return {};
}

// The folder of the weights that `place` means. What cannot be looked into is reported where the
// weights are read.
std::optional<fs::path> weights_folder(const fs::path& place) {
  try {
    const std::optional<fs::path> weights = find_weights(place);
    return weights ? std::optional(weights->parent_path()) : std::nullopt;
  } catch (const fs::filesystem_error&) {
    return std::nullopt;
  }
}

std::optional<ModelConfig> read_config_of(const std::string& place) {
  if (place.empty()) return std::nullopt;
  const fs::path path = expand_home(place);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    log_warn(fmt::format("{}: nothing is there to start from; its configuration is not known",
                         path.string()));
    return std::nullopt;
  }
  const std::optional<fs::path> folder = weights_folder(path);
  if (!folder || !fs::exists(*folder / "config.json", ignored)) return std::nullopt;
  const std::string name = (*folder / "config.json").string();
  const std::string text = read_file(name, kMaxJsonBytes);
  JsonValue json;
  try {
    json = parse_json(text);
  } catch (const JsonError&) {
    return std::nullopt;  // What is wrong with it is said where the weights are read.
  }
  const auto has = [&](std::string_view key) {
    return std::any_of(json.members.begin(), json.members.end(), [&](const JsonMember& each) {
      return each.key == key && each.value.kind == JsonKind::kObject;
    });
  };
  if (!has("model")) return std::nullopt;  // Of another library.
  ModelConfig config;
  if (has("train")) {
    const RunConfig run = parse_run_config(text, {}, name);
    config = {.model = run.model, .tokenizer = run.tokenizer, .transform = run.data.transform};
  } else {
    config = parse_model_config(text, name);
  }
  config.tokenizer.file = find_tokenizer(*folder);
  config.tokenizer.train_vocab_size = 0;
  return config;
}

// What a configuration says for itself, whatever weights it starts from.
template <typename Tower>
Tower without_training(Tower tower) {
  const Tower fresh;
  tower.preset = fresh.preset;
  tower.pretrained = fresh.pretrained;
  tower.freeze = fresh.freeze;
  tower.unfreeze_last_layers = fresh.unfreeze_last_layers;
  return tower;
}

struct Comparison {
  const FieldTable& theirs;
  const FieldTable& ours;
  const std::string& place;
  Contradictions& found;
  bool has_decoder_there;

  void of_section(const std::string& section) const;
};

void Comparison::of_section(const std::string& section) const {
  for (const Field& field : theirs.fields()) {
    if (!field.path.starts_with(section + ".") || field.on_pretrained == OnPretrained::kFree)
      continue;
    if (field.path.starts_with("model.decoder.") && !has_decoder_there) continue;
    const std::string before = value_text(field), after = value_text(*ours.find(field.path));
    if (before == after) continue;
    if (field.on_pretrained == OnPretrained::kFixed) {
      found.push_back({{field.path},
                       fmt::format("{} = {}, but the weights of {} were made with {}", field.path,
                                   after, place, before)});
    } else {
      log_warn(
          fmt::format("{} = {} replaces {} of {}: its weights give other embeddings than there",
                      field.path, after, before, place));
    }
  }
}

}  // namespace

PretrainedConfigs read_pretrained(const Reader& reader) {
  return {.whole = read_config_of(reader.last_text("model.pretrained")),
          .text = read_config_of(reader.last_text("model.text.pretrained")),
          .image = read_config_of(reader.last_text("model.image.pretrained"))};
}

void apply_pretrained(const PretrainedConfigs& pretrained, RunConfig& run) {
  if (const auto& whole = pretrained.whole) {
    run.model = whole->model;
    run.model.pretrained.clear();
    run.model.text = without_training(run.model.text);
    run.model.image = without_training(run.model.image);
    run.model.decoder.preset.clear();
  }
  if (const auto& text = pretrained.text) run.model.text = without_training(text->model.text);
  if (const auto& image = pretrained.image) run.model.image = without_training(image->model.image);
  const auto& of_text = pretrained.text ? pretrained.text : pretrained.whole;
  if (of_text) run.tokenizer = of_text->tokenizer;
  const auto& of_image = pretrained.image ? pretrained.image : pretrained.whole;
  if (of_image) run.data.transform = of_image->transform;
}

void check_pretrained(const PretrainedConfigs& pretrained, const RunConfig& run,
                      Contradictions& found) {
  RunConfig copy = run;
  const FieldTable ours = field_table(copy);
  const auto compare = [&](const std::optional<ModelConfig>& config, const std::string& place,
                           std::initializer_list<const char*> sections) {
    if (!config) return;
    ModelConfig theirs = *config;
    const FieldTable table = field_table(theirs);
    for (const char* section : sections)
      Comparison{.theirs = table,
                 .ours = ours,
                 .place = place,
                 .found = found,
                 .has_decoder_there = has_decoder(config->model)}
          .of_section(section);
  };
  compare(pretrained.whole, run.model.pretrained, {"model", "data.transform"});
  compare(pretrained.text, run.model.text.pretrained, {"model.text"});
  compare(pretrained.image, run.model.image.pretrained, {"model.image", "data.transform"});
}

}  // namespace tandem::config
