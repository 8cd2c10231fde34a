#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tandem/config/data_options.h"
#include "tandem/config/model_options.h"

namespace tandem {

enum class Schedule { kCosine, kConstant };
enum class Precision { kFp32, kBf16 };

struct RunOptions {
  std::string name = "run";  ///< The run's folder inside output_dir.
  std::string output_dir = "runs";
  uint64_t seed = 0;  ///< Weights, sample order, augmentation and dropout all follow from it.
  std::string device = "auto";  ///< auto, cpu, cuda or cuda:N.
  int64_t cpu_threads = 0;      ///< Threads of one tensor operation; 0 takes one per core.
};

struct LossOptions {
  double label_smoothing = 0.0;  ///< Share of the target spread over all pairs of the batch.
};

/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101.
struct OptimOptions {
  double lr = 5e-4;  ///< Peak learning rate.
  double beta1 = 0.9;
  double beta2 = 0.98;
  double eps = 1e-6;
  double weight_decay = 0.2;  ///< For weights of two and more dimensions; never for biases, norms,
                              ///< embeddings' positions, logit_scale.
  double grad_clip_norm = 0.0;  ///< Largest norm of all gradients together; 0 does not clip.
  Schedule schedule = Schedule::kCosine;
  std::optional<int64_t> warmup_steps = {};  ///< Steps of linear warm-up; overrides warmup_ratio.
  double warmup_ratio = 0.05;                ///< Linear warm-up as a share of the run.
  double final_lr_ratio = 0.0;               ///< Where the cosine ends, as a share of lr.
};

struct TrainOptions {
  std::optional<int64_t> max_steps = {};  ///< Optimizer steps of the run; overrides epochs.
  double epochs = 1.0;
  Precision precision = Precision::kFp32;
  int64_t accumulation_steps = 1;  ///< Micro-batches per step; must divide batch_size. All of the
                                   ///< batch's negatives are kept.
  int64_t log_every_steps = 50;
  int64_t checkpoint_every_steps = 500;
  int64_t keep_last = 2;  ///< Checkpoints kept beside the newest one's needs.
  int64_t max_bad_steps =
      10;  ///< Steps in a row with a non-finite loss or gradient before the run stops (exit 17).
  bool tensorboard = true;
};

struct EvalOptions {
  int64_t every_steps = 0;          ///< Evaluate this often; 0 only at the end.
  std::string zero_shot_path = {};  ///< Picture tree root/<class>/* to classify during training;
                                    ///< empty leaves it out.
  std::vector<std::string> templates = {
      "a photo of a {}"};  ///< Prompts; {}, {c} or {label} stands for the class name.
  int64_t batch_size = 256;
  int64_t max_samples = 5000;  ///< Pairs used by retrieval.
};

/// Everything about one run. The nesting is the JSON's nesting.
struct RunConfig {
  RunOptions run = {};
  ModelOptions model = {};
  TokenizerOptions tokenizer = {};
  DataOptions data = {};
  LossOptions loss = {};
  OptimOptions optim = {};
  TrainOptions train = {};
  EvalOptions eval = {};
};

}  // namespace tandem
