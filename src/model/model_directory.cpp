#include "tandem/model/model_directory.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/utils.h>

#include "model/model_card.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/model/foreign_model.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr size_t kListed = 10;

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().vec(), ", "));
}

// "2 missing tensors (a, b)", with at most kListed names.
std::string table_row(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  const size_t shown = std::min(names.size(), kListed);
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<long>(shown));
  return fmt::format("\n  {} {}: {}{}", names.size(), title, fmt::join(first, ", "),
                     shown < names.size() ? ", …" : "");
}

void check_fit(const TensorMap& own, const TensorMap& weights, const std::string& where) {
  std::vector<std::string> missing, unexpected, misshapen;
  for (const auto& [name, parameter] : own) {
    const auto found = weights.find(name);
    if (found == weights.end()) {
      missing.push_back(name);
    } else if (found->second.sizes() != parameter.sizes()) {
      misshapen.push_back(fmt::format("{} (model {}, file {})", name, shape_text(parameter),
                                      shape_text(found->second)));
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (!own.contains(name)) unexpected.push_back(name);
  }
  if (missing.empty() && unexpected.empty() && misshapen.empty()) return;
  throw Error(
      ErrorKind::kCheckpoint,
      {.what = "weights do not fit the model" + table_row("missing", missing) +
               table_row("unexpected", unexpected) + table_row("of another shape", misshapen),
       .where = where});
}

// A sum shows it at once, unless finite numbers have made it overflow.
bool is_finite(const torch::Tensor& tensor) {
  return torch::isfinite(tensor.sum()).item<bool>() || torch::isfinite(tensor).all().item<bool>();
}

// As load_weights for fresh fp32 weights, but the model takes the tensors over: nothing is copied.
void adopt_weights(ClipModel model, const TensorMap& weights, const std::string& where) {
  check_fit(named_weights(*model), weights, where);
  for (auto& entry : model->named_parameters())
    entry.value().set_data(weights.at(entry.key()).to(torch::kFloat32));
}

// A run's folder and a checkpoint hold a config.json as well, but one of a run.
void refuse_run(const fs::path& directory) {
  const auto here = [&](const fs::path& name) {
    std::error_code ignored;
    return fs::exists((directory / name).lexically_normal(), ignored);
  };
  const bool all = here("latest") && !here("config.json");  // the folder of all checkpoints
  const bool checkpoint = all || (here("optimizer.safetensors") && here("state.json"));
  const bool run = here("config.json") && !here("model.safetensors") &&
                   (here("model/config.json") || here("checkpoints") || here("train.log"));
  if (!checkpoint && !run) return;
  const fs::path model = all ? "../model" : checkpoint ? "../../model" : "model";
  const bool has_model = here(model / "config.json");
  throw Error(ErrorKind::kMissingInput,
              {.what = checkpoint ? "this is a run's checkpoint, not a model"
                                  : "this is a run's folder, not a model's",
               .where = directory.string(),
               .expected = "the folder model/ that the run writes",
               .hint = has_model ? (directory / model).lexically_normal().string() : ""});
}

}  // namespace

TensorMap named_weights(const torch::nn::Module& model) {
  TensorMap weights;
  for (const auto& entry : model.named_parameters()) {
    weights.emplace(entry.key(), entry.value().detach());
  }
  return weights;
}

std::vector<std::string> weights_not_finite(const ClipModel& model) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> names;
  for (const auto& [name, tensor] : named_weights(*model))
    if (!is_finite(tensor)) names.push_back(name);
  return names;
}

void load_weights(torch::nn::Module& model, const TensorMap& weights, const std::string& where) {
  TensorMap own = named_weights(model);
  check_fit(own, weights, where);
  const torch::NoGradGuard no_grad;
  for (auto& [name, parameter] : own) parameter.copy_(weights.at(name));
}

void save_model(const std::filesystem::path& directory, const ClipModel& model,
                const ModelConfig& config, GoldenText golden) {
  TensorMap weights;
  for (const auto& [name, tensor] : named_weights(*model)) {
    weights.emplace(name, tensor.to(torch::kCPU, torch::kFloat32));
  }
  save_safetensors(directory / "model.safetensors", weights, {{"format", "tandem"}});
  write_file_atomically(directory / "config.json", to_json(config));
  write_file_atomically(directory / "README.md", model_card(model, config));
  LoadedModel again = load_model(directory);
  again.model->eval();
  save_golden_sample(directory, make_golden_sample(again.model, std::move(golden)));
}

LoadedModel load_model(const std::filesystem::path& directory) {
  refuse_run(directory);
  refuse_foreign_model(directory);
  const auto config_file = directory / "config.json";
  const auto weights_file = directory / "model.safetensors";
  ModelConfig config = parse_model_config(read_file(config_file), config_file.string());
  // The directory is the whole model: where its weights once came from no longer matters.
  ModelOptions options = config.model;
  options.pretrained = options.text.pretrained = options.image.pretrained = "";
  ClipModel model(options, std::nullopt);
  adopt_weights(model, map_safetensors(weights_file).tensors, weights_file.string());
  return {.model = model, .config = std::move(config)};
}

bool is_model_file(std::string_view name) {
  // Also those of the libraries that models come from and go to.
  static constexpr std::string_view kNames[] = {
      "model.safetensors",          "config.json",        "README.md",
      "golden.safetensors",         "tokenizer.json",     "tokenizer.model",
      "tokenizer_config.json",      "vocab.json",         "special_tokens_map.json",
      "added_tokens.json",          "merges.txt",         "vocab.txt",
      "sentencepiece.bpe.model",    "spiece.model",       "preprocessor_config.json",
      "processor_config.json",      "modeling_tandem.py", "open_clip_config.json",
      "open_clip_model.safetensors"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace tandem
