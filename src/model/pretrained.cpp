#include <algorithm>

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <fmt/format.h>

#include "model/weights_place.h"
#include "tandem/config/tower_shape.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/model/model_directory.h"

namespace tandem {
namespace {

TensorMap read_weights(const std::string& path) {
  return load_safetensors(find_weights_file(path)).tensors;
}

// Tensors whose names start with `prefix`.
TensorMap part_of(const TensorMap& weights, const std::string& prefix) {
  TensorMap part;
  for (const auto& [name, tensor] : weights) {
    if (name.starts_with(prefix)) part.emplace(name, tensor);
  }
  return part;
}

int64_t square_root(int64_t value) {
  int64_t root = 0;
  while ((root + 1) * (root + 1) <= value) ++root;
  return root;
}

// The grid of an image position table at another resolution; the class token's row stays.
torch::Tensor interpolate_positions(const torch::Tensor& table, int64_t rows,
                                    const ImageEncoderOptions& options) {
  const int64_t class_rows = options.class_token ? 1 : 0;
  const int64_t from = square_root(table.size(0) - class_rows);
  const int64_t to = square_root(rows - class_rows);
  if (from * from + class_rows != table.size(0) || to * to + class_rows != rows) return table;
  const torch::Tensor grid = table.slice(0, class_rows)
                                 .to(torch::kFloat32)
                                 .view({1, from, from, table.size(1)})
                                 .permute({0, 3, 1, 2})
                                 .contiguous();  // [1, D, from, from]
  const torch::Tensor larger =
      options.position_antialias
          ? at::_upsample_bicubic2d_aa(grid, {to, to}, /*align_corners=*/false)
          : at::upsample_bicubic2d(grid, {to, to}, /*align_corners=*/false);
  const torch::Tensor resized = larger.permute({0, 2, 3, 1}).reshape({to * to, table.size(1)});
  log_info(fmt::format("position table of the image tower interpolated from {0}x{0} to {1}x{1}",
                       from, to));
  return torch::cat({table.slice(0, 0, class_rows).to(torch::kFloat32), resized});
}

void fit_image_positions(torch::Tensor& table, const ImageEncoderOptions& options) {
  const int64_t rows = image_tokens(options);
  if (table.dim() == 2 && table.size(0) != rows)
    table = interpolate_positions(table, rows, options);
}

// A shorter context_length leaves the first positions.
void fit_text_positions(torch::Tensor& table, int64_t rows) {
  if (table.dim() != 2 || table.size(0) <= rows) return;
  log_info(
      fmt::format("position table of the text tower cut from {} to {} rows", table.size(0), rows));
  table = table.slice(0, 0, rows);
}

void fit_positions(TensorMap& weights, const ClipModel& model) {
  const auto image = weights.find("image.position_embedding");
  if (model->image && image != weights.end())
    fit_image_positions(image->second, model->options().image);
  const auto text = weights.find("text.position_embedding");
  if (model->text && text != weights.end())
    fit_text_positions(text->second, model->text->position_embedding.size(0));
}

// What BLIP has beside a CLIP: a file without any of it leaves it as it was drawn.
struct OptionalPart {
  const char* title;
  const char* mark;  // In the names of its weights.
};
constexpr OptionalPart kOptionalParts[] = {
    {"the decoder", "decoder."},
    {"the matching head", "matching_head."},
    {"the text tower's cross attention", ".cross_attention"},
};

bool is_of(const OptionalPart& part, const std::string& name) {
  return part.mark[0] == '.' ? name.starts_with("text.") && name.find(part.mark) < name.size()
                             : name.starts_with(part.mark);
}

// `weights` are those whose names start with `prefix`.
void keep_new_parts(TensorMap& weights, const ClipModel& model, const std::string& prefix,
                    const std::string& path) {
  const TensorMap own = part_of(named_weights(*model), prefix);
  for (const OptionalPart& part : kOptionalParts) {
    const auto of_part = [&](const auto& entry) { return is_of(part, entry.first); };
    if (std::ranges::any_of(weights, of_part) || std::ranges::none_of(own, of_part)) continue;
    for (const auto& [name, tensor] : own) {
      if (is_of(part, name)) weights.emplace(name, tensor);
    }
    log_info(
        fmt::format("{} has no weights of {}, which starts from random ones", path, part.title));
  }
}

// Loads one tower from a file that may hold more than it.
void load_tower(ClipModel model, Tower tower, const std::string& path) {
  const std::string name = tower == Tower::kText ? "text" : "image";
  TensorMap weights = part_of(read_weights(path), name + ".");
  if (weights.empty()) {
    throw Error(ErrorKind::kCheckpoint, {.what = "holds no weights of this tower",
                                         .where = path,
                                         .expected = "names that start with " + name + "."});
  }
  fit_positions(weights, model);
  keep_new_parts(weights, model, name + ".", path);
  for (const ModelParameter& parameter : model_parameters(*model)) {
    if (parameter.tower != tower) weights.emplace(parameter.name, parameter.tensor.detach());
  }
  load_weights(*model, weights, path);
  log_info(
      fmt::format("{} tower loaded from {}; its projector starts from random weights", name, path));
}

// Freezes a tower, except its last `unfrozen` blocks and what follows them. 0 freezes all of it.
void freeze_tower(ClipModel model, Tower tower, int64_t layers, int64_t unfrozen) {
  const int64_t frozen_up_to = unfrozen == 0 ? layers + 1 : std::max<int64_t>(layers - unfrozen, 0);
  for (const ModelParameter& parameter : model_parameters(*model)) {
    if (parameter.tower != tower) continue;
    parameter.tensor.set_requires_grad(parameter.layer.value() > frozen_up_to);
  }
}

void load_pretrained(ClipModel model) {
  const ModelOptions& options = model->options();
  if (!options.pretrained.empty()) {
    TensorMap weights = read_weights(options.pretrained);
    fit_positions(weights, model);
    keep_new_parts(weights, model, "", options.pretrained);
    load_weights(*model, weights, options.pretrained);
  }
  if (!options.text.pretrained.empty()) load_tower(model, Tower::kText, options.text.pretrained);
  if (!options.image.pretrained.empty()) load_tower(model, Tower::kImage, options.image.pretrained);
}

}  // namespace

ClipModel make_model(const ModelOptions& options, std::optional<uint64_t> seed) {
  ClipModel model(options, seed);
  if (seed) load_pretrained(model);
  if (options.text.freeze) {
    freeze_tower(model, Tower::kText, options.text.layers, options.text.unfreeze_last_layers);
  }
  if (options.image.freeze) {
    freeze_tower(model, Tower::kImage, options.image.layers, options.image.unfreeze_last_layers);
  }
  return model;
}

}  // namespace tandem
