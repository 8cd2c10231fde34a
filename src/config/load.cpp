#include "tandem/config/load.h"

#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "config/checks/validate.h"
#include "config/fields/field_value.h"
#include "config/fields/reader.h"
#include "config/json/json.h"
#include "config/json/names.h"
#include "config/pretrained.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

using config::Contradiction;
using config::Contradictions;
using config::FieldTable;
using config::Problems;
using config::Reader;

/// A setting from outside the file, with what it came by.
struct Override {
  std::string text;
  std::string origin;
};

std::vector<Override> environment_overrides() {
  static constexpr const char* kName = "TANDEM_SET";
  const char* value = std::getenv(kName);
  std::vector<Override> overrides;
  const std::string text = value == nullptr ? "" : value;
  static constexpr const char* kSpace = " \t\r\n";
  size_t start = text.find_first_not_of(kSpace);
  while (start != std::string::npos) {
    const size_t end = std::min(text.find_first_of(kSpace, start), text.size());
    overrides.push_back({text.substr(start, end - start), kName});
    start = text.find_first_not_of(kSpace, end);
  }
  return overrides;
}

std::vector<Override> flag_overrides(const std::vector<std::string>& texts) {
  std::vector<Override> overrides;
  for (const std::string& text : texts) overrides.push_back({text, "--set"});
  return overrides;
}

void apply_presets(const Reader& reader, ModelOptions& model, ImageTransformOptions& transform) {
  const std::string text = reader.last_text("model.text.preset");
  const std::string image = reader.last_text("model.image.preset");
  if (has_text_preset(text)) model.text = text_preset(text);
  if (has_image_preset(image)) model.image = image_preset(image);
  const std::string decoder = reader.last_text("model.decoder.preset");
  if (has_decoder_preset(decoder)) model.decoder = decoder_preset(decoder);
  const std::string recipe = reader.last_text("data.transform.preset");
  if (!has_transform_preset(recipe)) return;
  const TransformPreset preset = transform_preset(recipe);
  transform = preset.transform;
  model.image.mean = preset.mean;
  model.image.std = preset.std;
}

// What already failed to be read would only be blamed twice.
bool is_about_failed(const Contradiction& contradiction, const Reader& reader) {
  for (const std::string& key : contradiction.keys) {
    for (size_t end = key.size(); end != std::string::npos && end > 0;
         end = key.rfind('.', end - 1))
      if (reader.has_failed(key.substr(0, end))) return true;
  }
  return false;
}

void add_contradictions(const Contradictions& found, const Reader& reader, const std::string& name,
                        Problems& problems) {
  if (reader.is_unreadable()) return;
  for (const Contradiction& each : found) {
    if (is_about_failed(each, reader)) continue;
    std::vector<std::string> places;
    for (const std::string& key : each.keys) {
      const std::string origin = reader.origin(key);
      if (!origin.empty()) places.push_back(origin);
    }
    std::string text = each.what;
    const std::string where = places.empty() ? name : places.front();
    if (places.size() > 1) {
      places.erase(places.begin());
      text += fmt::format(" (see {})", config::join(places, ", "));
    }
    problems.add(where, text);
  }
}

/// Whether a configuration takes over what pretrained models say about themselves. One that was
/// written by a run says everything itself.
enum class Pretrained { kRead, kIgnored };

RunConfig read_run_config(std::string_view json, const std::string& name,
                          const std::vector<Override>& overrides, Pretrained mode) {
  RunConfig result;
  const FieldTable table = config::field_table(result);
  Problems problems;
  Reader reader(table, problems);
  reader.read_text(json, name);
  for (const Override& each : overrides) reader.read_override(each.text, each.origin);
  const config::PretrainedConfigs pretrained =
      mode == Pretrained::kRead ? config::read_pretrained(reader) : config::PretrainedConfigs{};
  config::apply_pretrained(pretrained, result);
  apply_presets(reader, result.model, result.data.transform);
  reader.apply();
  Contradictions found;
  config::check_run(result, found);
  config::check_pretrained(pretrained, result, found);
  add_contradictions(found, reader, name, problems);
  problems.throw_if_any(name);
  return result;
}

void add_wrong_values(const FieldTable& table, Problems& problems) {
  for (const config::Field& field : table.fields()) {
    if (const auto wrong = config::check_value(field)) problems.add(field.path, *wrong);
  }
}

/// Of a model saved before there was `background`: it ignored transparency, and refused by default
/// what Pillow only warns of.
void complete_older_transform(ImageTransformOptions& transform) {
  constexpr int64_t kOlderDefault = 89478485;
  transform.background = "drop";
  if (transform.max_image_pixels == kOlderDefault)
    transform.max_image_pixels = ImageTransformOptions{}.max_image_pixels;
}

std::string read_config_file(const std::filesystem::path& path) {
  try {
    return read_file(path, config::kMaxJsonBytes);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    throw Error(ErrorKind::kConfig, error.text());
  }
}

}  // namespace

RunConfig load_run_config(const std::filesystem::path& path,
                          const std::vector<std::string>& overrides) {
  std::vector<Override> all = environment_overrides();
  for (Override& each : flag_overrides(overrides)) all.push_back(std::move(each));
  return read_run_config(read_config_file(path), path.string(), all, Pretrained::kRead);
}

RunConfig parse_run_config(std::string_view json, const std::vector<std::string>& overrides,
                           const std::string& name) {
  return read_run_config(json, name, flag_overrides(overrides), Pretrained::kIgnored);
}

ModelConfig parse_model_config(std::string_view json, const std::string& name) {
  ModelConfig result;
  const FieldTable table = config::field_table(result);
  Problems problems;
  Reader reader(table, problems);
  reader.read_text(json, name);
  apply_presets(reader, result.model, result.transform);
  reader.apply();
  if (reader.origin("data.transform.background").empty())
    complete_older_transform(result.transform);
  Contradictions found;
  config::check_model(result.model, found);
  add_contradictions(found, reader, name, problems);
  problems.throw_if_any(name);
  return result;
}

SourceOptions parse_source(std::string_view json, const std::string& name) {
  SourceOptions result;
  const FieldTable table = config::field_table(result);
  Problems problems;
  Reader reader(table, problems);
  reader.read_text(json, name);
  reader.apply();
  Contradictions found;
  config::check_source(result, "", found);
  add_contradictions(found, reader, name, problems);
  problems.throw_if_any(name);
  return result;
}

void validate(const RunConfig& config) {
  RunConfig copy = config;
  Problems problems;
  add_wrong_values(config::field_table(copy), problems);
  Contradictions found;
  config::check_run(copy, found);
  for (const Contradiction& each : found) problems.add("", each.what);
  problems.throw_if_any("configuration");
}

void validate(const ModelOptions& model) {
  ModelOptions copy = model;
  FieldTable table;
  config::add_model_fields(table, copy);
  Problems problems;
  add_wrong_values(table, problems);
  if (copy.towers != Towers::kImage && copy.text.vocab_size == 0)
    problems.add("model.text.vocab_size", "expected the tokenizer's size, found 0");
  if (has_decoder(copy) && copy.decoder.vocab_size == 0)
    problems.add("model.decoder.vocab_size", "expected the tokenizer's size, found 0");
  for (const auto& [name, id] :
       {std::pair("bos_id", copy.decoder.bos_id), {"eos_id", copy.decoder.eos_id}}) {
    if (has_decoder(copy) && id < 0)
      problems.add(fmt::format("model.decoder.{}", name),
                   fmt::format("expected the id that {} a caption, found {}",
                               name == std::string_view("bos_id") ? "begins" : "ends", id));
  }
  Contradictions found;
  config::check_model(copy, found);
  for (const Contradiction& each : found) problems.add("", each.what);
  problems.throw_if_any("model");
}

}  // namespace tandem
