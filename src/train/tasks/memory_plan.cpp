#include "train/tasks/memory_plan.h"

#include <algorithm>

#include <fmt/format.h>

#include "tandem/config/tower_shape.h"
#include "train/step/step_slices.h"

namespace tandem {
namespace {

constexpr double kFp32 = 4.0;

struct Tower {
  double tokens;     // Rows of an image or text.
  double embedding;  // Values of a row that are kept ahead of the first block.
  bool reads_all;    // Whether the last block's rows are all wanted.
};

Tower tower_of(const ImageEncoderOptions& options) {
  const auto patch = static_cast<double>(3 * options.patch_size * options.patch_size);
  return {.tokens = static_cast<double>(image_tokens(options)),
          .embedding = patch + 2.0 * static_cast<double>(options.width),
          .reads_all = reads_every_token(options.pool)};
}

Tower tower_of(const TextEncoderOptions& options) {
  return {.tokens = static_cast<double>(options.context_length),
          .embedding = 2.0 * static_cast<double>(options.width),
          .reads_all = reads_every_token(options.pool)};
}

// Values of a row that attention keeps: its norm's input and output, q, k and v, and the result.
double attention_values(const auto& options, const Tower& tower) {
  const double scores = options.attention_dropout > 0.0  // written out then, with masks
                            ? 4.0 * static_cast<double>(options.heads) * tower.tokens
                            : 0.0;
  return 6.0 * static_cast<double>(options.width) + scores;
}

// What a whole block keeps: the MLP's norm and both sides of its activation as well; of quick GELU
// also its sigmoid, but where it is fused.
double block_values(const auto& options, const Tower& tower) {
  const double masks = options.dropout > 0.0 ? 4.0 : 0.0;
  return attention_values(options, tower) + (2.0 + masks) * static_cast<double>(options.width) +
         (options.activation == Activation::kQuickGelu ? 3.0 : 2.0) *
             static_cast<double>(hidden_width(options));
}

struct Values {
  double kept;     // Until the backward pass comes by.
  double passing;  // While one block is worked on.
};

// Of one item's way through a tower.
Values values_of(const auto& options, bool recomputes) {
  const Tower tower = tower_of(options);
  const double block = block_values(options, tower);
  const int64_t trained =
      options.freeze ? std::min(options.unfreeze_last_layers, options.layers) : options.layers;
  const double embedding = options.freeze ? 0.0 : tower.embedding;
  const double each = recomputes ? static_cast<double>(options.width) : block;
  double blocks = static_cast<double>(trained) * each;
  if (trained > 0 && !recomputes && !tower.reads_all)
    blocks += attention_values(options, tower) - block;
  return {.kept = tower.tokens * (embedding + blocks),
          .passing = tower.tokens *
                     (static_cast<double>(hidden_width(options)) + (recomputes ? block : 0.0))};
}

double loss_bytes(const RunConfig& config) {
  constexpr double kTile = 1024, kTiles = 3, kCopies = 4;
  const auto batch = static_cast<double>(config.data.batch_size);
  const double tile = std::min(batch, kTile);
  return kFp32 * (2.0 * kCopies * batch * static_cast<double>(config.model.embed_dim) +
                  kTiles * tile * tile);
}

// Slices of a batch that run side by side on the CPU have gradients of their own.
double gradient_copies(const RunConfig& config, const ClipModel& model) {
  const bool in_turn = config.train.accumulation_steps > 1;
  const int64_t slices = in_turn ? 1 : step_slices(model, config.data.batch_size);
  return slices > 1 ? static_cast<double>(slices) : 0.0;
}

std::string amount(double bytes) {
  constexpr double kMega = 1e6, kGiga = 1e9;
  return bytes < kGiga ? fmt::format("{:.3g} MB", bytes / kMega)
                       : fmt::format("{:.1f} GB", bytes / kGiga);
}

}  // namespace

MemoryPlan plan_memory(const RunConfig& config, const ClipModel& model) {
  MemoryPlan plan;
  const bool half = config.train.precision == Precision::kBf16;
  const double size = half ? kFp32 / 2 : kFp32;
  double trained = 0;
  for (const torch::Tensor& each : model->parameters()) {
    plan.weights += static_cast<double>(each.nbytes());
    if (each.requires_grad()) trained += static_cast<double>(each.numel());
  }
  plan.gradients =
      (1.0 + gradient_copies(config, model)) * trained * size + (half ? trained * kFp32 : 0.0);
  plan.optimizer = trained * (2.0 * kFp32 + (half ? kFp32 : 0.0));
  const double pairs = static_cast<double>(config.data.batch_size) /
                       static_cast<double>(config.train.accumulation_steps);
  const Values image = values_of(config.model.image, config.train.recompute_activations),
               text = values_of(config.model.text, config.train.recompute_activations);
  plan.activations =
      pairs * size * (image.kept + text.kept + std::max(image.passing, text.passing));
  plan.loss = loss_bytes(config);
  return plan;
}

std::string memory_plan_line(const MemoryPlan& plan) {
  return fmt::format(
      "memory of a step, at most: {} = weights {} + gradients {} + optimizer {} + activations {} + "
      "loss {}",
      amount(plan.total()), amount(plan.weights), amount(plan.gradients), amount(plan.optimizer),
      amount(plan.activations), amount(plan.loss));
}

}  // namespace tandem
