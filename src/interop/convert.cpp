#include "tandem/interop/convert.h"

#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/names/blip_names.h"
#include "interop/names/maps.h"
#include "interop/names/wrapped_names.h"
#include "interop/reading/foreign_config.h"
#include "interop/reading/weights_file.h"
#include "interop/writers/fidelity.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

ForeignRequest request_for(const TensorMap& tensors, const ImportOptions& options) {
  ForeignRequest request;
  request.timm_heads = options.timm_heads;
  request.config_file = options.config;
  request.model_name = options.model_name;
  for (const auto& [name, tensor] : tensors) {
    request.names.insert(name);
    request.shapes.emplace(name, tensor.sizes().vec());
  }
  request.shared_decoder = decoder_shares_tensors(tensors);
  return request;
}

ForeignConfig read_config_of(const fs::path& directory, ModelFormat format,
                             const ForeignRequest& request) {
  const bool has_config = !request.config_file.empty() || fs::exists(directory / "config.json");
  if (format == ModelFormat::kHuggingFace && !has_config && is_blip(request))
    return read_blip_shapes(directory, request);
  return format == ModelFormat::kOpenClip ? read_open_clip_config(directory, request)
                                          : read_hugging_face_config(directory, request);
}

// The parameters that the files hold: a tower alone and BLIP are stored without a temperature.
TensorMap stored_weights(const ClipModel& model, Layout layout) {
  TensorMap own = named_weights(*model);
  if (model->options().towers != Towers::kBoth || layout == Layout::kBlip) own.erase("logit_scale");
  return own;
}

// The logarithm of the inverse temperature of files that do not name it so.
torch::Tensor stored_temperature(const TensorMap& theirs, const ClipModel& model) {
  const auto temperature = theirs.find(std::string(kTemperatureOfBlip));
  if (temperature == theirs.end() || temperature->second.numel() != 1)
    return model->logit_scale().detach();
  return -temperature->second.to(torch::kFloat32).reshape({}).log();
}

void note_left_out(const TorchFile& file, ConversionReport& report) {
  if (!file.entry.empty())
    report.notes.push_back(fmt::format("weights of the entry {}; left out: {}",
                                       in_quotes(file.entry), fmt::join(file.left_out, ", ")));
  for (const auto& [name, what] : file.unread)
    report.dropped.push_back(fmt::format("{} ({})", name, what));
}

std::vector<NamedPair> pairs_of(Layout layout, const ModelOptions& options, const TensorMap& own) {
  if (layout != Layout::kTandem) return expand(name_map(layout, options), own);
  std::vector<NamedPair> pairs;
  for (const auto& [name, tensor] : own) pairs.push_back({.ours = {name}, .theirs = {name}});
  return pairs;
}

// A trained pooler that the model's pool passes by is no loss, but it is named.
void drop_unused_pooler(const std::vector<NamedPair>& pairs, TensorMap& theirs,
                        ConversionReport& report) {
  std::set<std::string> used;
  for (const NamedPair& pair : pairs) used.insert(pair.theirs.begin(), pair.theirs.end());
  std::erase_if(theirs, [&](const auto& entry) {
    const std::string& name = entry.first;
    const bool pooler =
        name.ends_with("pooler.dense.weight") || name.ends_with("pooler.dense.bias");
    if (!pooler || used.contains(name)) return false;
    report.dropped.push_back(name + " (the model pools otherwise)");
    return true;
  });
}

void require_complete(const ConversionReport& report, const std::string& where) {
  if (report.complete()) return;
  constexpr size_t kListed = 20;
  std::string lines;
  const auto list = [&](const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const size_t shown = std::min(names.size(), kListed);
    const std::vector<std::string> first(names.begin(), names.begin() + static_cast<long>(shown));
    lines += fmt::format("\n  {} {}: {}{}", names.size(), what, fmt::join(first, ", "),
                         shown < names.size() ? ", …" : "");
  };
  list("missing", report.missing);
  list("unexpected", report.unexpected);
  list("of another shape", report.misshapen);
  if (!report.missing.empty()) list("left out", report.dropped);
  throw Error(ErrorKind::kCheckpoint,
              {.what = "weights do not fit the " + report.family + " model" + lines,
               .where = where,
               .hint = "a head without trained weights needs another pool in the configuration"});
}

ConversionReport own_report(const ClipModel& model) {
  ConversionReport report{.family = "Tandem"};
  for (const auto& [name, tensor] : named_weights(*model)) {
    const std::string shape = fmt::format("[{}]", fmt::join(tensor.sizes().vec(), ", "));
    report.tensors.push_back({{name}, {name}, shape, shape, "as is"});
  }
  return report;
}

ImportedModel import_own(const fs::path& directory) {
  LoadedModel loaded = load_model(directory);
  return {.model = loaded.model,
          .config = std::move(loaded.config),
          .report = own_report(loaded.model)};
}

}  // namespace

ModelFormat parse_model_format(std::string_view name) {
  if (name == "tandem") return ModelFormat::kTandem;
  if (name == "hf") return ModelFormat::kHuggingFace;
  if (name == "open_clip") return ModelFormat::kOpenClip;
  throw Error(ErrorKind::kUsage, {.what = "unknown model format",
                                  .expected = "tandem, hf or open_clip",
                                  .found = std::string(name)});
}

ImportedModel import_model(const fs::path& input, ModelFormat format,
                           const ImportOptions& options) {
  if (format == ModelFormat::kTandem) {
    ImportedModel result = import_own(input);
    result.model->eval();
    return result;
  }
  FoundWeights found = read_weights_of(input, format, options.allow_pickle);
  ConversionReport report;
  note_left_out(found.content, report);
  const TensorMap named = hugging_face_blip_names(unwrapped_names(found.content.tensors, report));
  check_tied_head(named, found.file.string());
  const fs::path directory = fs::is_directory(input) ? input : input.parent_path();
  ForeignConfig foreign = read_config_of(directory, format, request_for(named, options));
  std::string& background = foreign.config.transform.background;
  if (background.empty())
    background = format == ModelFormat::kOpenClip ? "drop_after_resize" : "drop";
  // Held to the rules of our own configurations before a tensor is made of it.
  ModelConfig config = parse_model_config(to_json(foreign.config), directory.string());
  ImportedModel result{.model = ClipModel(config.model, std::nullopt),
                       .config = {},
                       .report = std::move(report),
                       .cleaning = foreign.cleaning};
  result.config = std::move(config);
  result.report.family = foreign.family;
  result.report.warnings = std::move(foreign.warnings);
  result.report.notes.insert(result.report.notes.end(), foreign.notes.begin(), foreign.notes.end());
  TensorMap theirs = modern_names(foreign.layout, named, result.report);
  if (foreign.cuts_texts) drop_unreached_positions(result.config.model.text, theirs, result.report);
  const bool shares = result.config.model.decoder.share != DecoderSharing::kNone;
  if (shares) drop_shared_copies(theirs, result.report);
  const TensorMap own = stored_weights(result.model, foreign.layout);
  const auto pairs = pairs_of(foreign.layout, result.config.model, own);
  drop_unused_pooler(pairs, theirs, result.report);
  TensorMap weights = to_ours(pairs, theirs, own, result.report);
  require_complete(result.report, found.file.string());
  if (!own.contains("logit_scale"))
    weights.emplace("logit_scale", stored_temperature(named, result.model));
  load_weights(*result.model, weights, found.file.string());
  result.model->eval();
  return result;
}

ConversionReport export_model(const fs::path& directory, ModelFormat format, const ClipModel& model,
                              const ModelConfig& config) {
  if (format == ModelFormat::kTandem) {
    save_model(directory, model, config);
    return own_report(model);
  }
  ConversionReport report;
  const bool open_clip = format == ModelFormat::kOpenClip;
  const ForeignFiles files =
      open_clip ? write_open_clip_config(config) : write_hugging_face_config(config);
  report.family = files.family;
  report.notes = files.notes;
  TensorMap own;
  for (const auto& [name, tensor] : stored_weights(model, files.layout))
    own.emplace(name, tensor.to(torch::kCPU, torch::kFloat32));
  TensorMap theirs = to_theirs(pairs_of(files.layout, config.model, own), own,
                               config.model.image.patch_size, report);
  if (files.layout == Layout::kBlip && config.model.decoder.share != DecoderSharing::kNone)
    add_shared_copies(theirs);
  for (const auto& [name, json] : files.files) {
    if (fs::path(name).has_parent_path())
      tandem::create_directories(directory / fs::path(name).parent_path());
    write_file_atomically(directory / name, json.dump(2) + "\n");
  }
  for (const auto& [name, script] : files.scripts)
    write_file_atomically(directory / name, std::string(script));
  save_safetensors(directory / (open_clip ? "open_clip_model.safetensors" : "model.safetensors"),
                   theirs, {{"format", "pt"}});
  const ForeignConfig again = read_config_of(
      directory, format, request_for(theirs, {.timm_heads = config.model.image.heads}));
  const auto differences = differences_in_numbers(config, again.config);
  if (!differences.empty()) {
    throw Error(
        ErrorKind::kConfig,
        {.what = files.family + " has no words for this model; there it would be another one",
         .where = directory.string(),
         .found = fmt::format("{}", fmt::join(differences, "; "))});
  }
  return report;
}

}  // namespace tandem
