#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/config/run_config.h"
#include "tandem/model/clip_model.h"
#include "tandem/train/trainer.h"

namespace tandem::test {

using tandem::error_of;

inline ModelOptions tiny_model() {
  ModelOptions model;
  model.embed_dim = 16;
  model.text.width = 16;
  model.text.heads = 2;
  model.text.layers = 1;
  model.text.context_length = 16;
  model.image.width = 16;
  model.image.heads = 2;
  model.image.layers = 1;
  model.image.patch_size = 16;
  return model;
}

/// A run of 12 steps on drawn shapes that takes well under a second.
inline RunConfig tiny_run(const std::filesystem::path& output_dir) {
  RunConfig config;
  config.run.output_dir = output_dir.string();
  config.run.name = "tiny";
  config.run.seed = 7;
  config.run.device = "cpu";
  config.run.cpu_threads = 1;  // more only wait for each other on tensors this small
  config.model = tiny_model();
  config.tokenizer.train_vocab_size = 100;
  config.data.train.kind = SourceKind::kShapes;
  config.data.train.shapes.count = 64;
  config.data.batch_size = 8;
  config.data.loader_threads = 2;
  config.optim.lr = 1e-3;
  config.train.max_steps = 12;
  config.train.log_every_steps = 1;
  config.train.checkpoint_every_steps = 100;
  config.train.tensorboard = false;
  return config;
}

/// Losses of a run by step, from its log.
inline std::vector<double> run_losses(Trainer& trainer, int64_t stop_after = 0) {
  std::vector<double> losses;
  trainer.on_log([&](const StepStats& stats) {
    losses.push_back(stats.loss);
    if (stats.step == stop_after) trainer.request_stop();
  });
  trainer.run();
  return losses;
}

}  // namespace tandem::test
