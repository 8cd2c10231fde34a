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
enum class BestMode { kMax, kMin };             ///< Whether a metric is best when large or small.
enum class SavedModel { kLast, kBest };         ///< Which state becomes the model directory.
enum class SpikePolicy { kIgnore, kRollback };  ///< What a sudden rise of the loss leads to.
enum class EvaluationFailure { kWarn, kStop };  ///< What a failing evaluation leads to.
enum class LossKind { kInfoNce, kSigmoid };
/// What to make of pairs of a batch that share an image or a text: negatives like all others, no
/// negatives at all, or positives.
enum class Duplicates { kKeep, kMask, kPositive };
/// What is trained: a contrastive model, a decoder that writes captions, or both with matching.
enum class TaskKind { kClip, kCaptioner, kBlip };

/// The contrastive part of a BLIP task. Li et al., arXiv:2201.12086; "Align before Fuse",
/// arXiv:2107.07651.
struct BlipOptions {
  double momentum = 0.0;  ///< Share that a step leaves of the momentum twin's weights, as 0.995; 0:
                          ///< there is no twin.
  int64_t queue_size = 0;       ///< Pairs of earlier batches that are compared with; 0: none.
  double soft_share = 0.4;      ///< Share of the targets that the twin finds.
  int64_t soft_ramp_steps = 0;  ///< Steps in which soft_share rises from 0.
  /// An image and a text whose cosine similarity is above that of a true pair less this margin are
  /// no negative for the matching head: they may belong together although nobody said so. -2, as
  /// BLIP: all others are negatives. ("TopK-MarginPos" of Moreira et al., arXiv:2407.15831.)
  double negative_margin = -2.0;
};

struct TaskOptions {
  TaskKind kind = TaskKind::kClip;
  BlipOptions blip = {};
};

struct RunOptions {
  std::string name = "run";  ///< The run's folder inside output_dir.
  std::string output_dir = "runs";
  uint64_t seed = 0;  ///< Weights, sample order, augmentation and dropout all follow from it.
  std::string device = "auto";        ///< auto, cpu, cuda or cuda:N.
  int64_t cpu_threads = 0;            ///< Threads of one tensor operation; 0 takes one per core.
  bool fail_at_chance = false;        ///< A run that ends at chance is an error (exit 17).
  double peer_timeout_seconds = 600;  ///< Of several processes: how long one waits for the others,
                                      ///< at the start and in each exchange.
};

struct LossOptions {
  LossKind kind = LossKind::kInfoNce;
  double label_smoothing = 0.0;  ///< Share of the target spread over all pairs of the batch.
                                 ///< info_nce only. Of a captioner: over all tokens.
  Duplicates duplicates = Duplicates::kKeep;
  /// Share of captions whose tokens a decoder predicts in parallel, from the image alone: it reads
  /// the first token in the place of every other one. Tschannen et al., "CapPa", arXiv:2306.07915.
  double parallel_captions = 0.0;
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
  bool recompute_activations = false;  ///< Keep only what enters each block, for the backward pass.
  int64_t log_every_steps = 50;
  int64_t checkpoint_every_steps = 500;
  double checkpoint_every_minutes = 0;  ///< Save by the clock as well; 0 does not.
  int64_t keep_last = 2;                ///< Newest checkpoints kept.
  int64_t keep_every_steps = 0;       ///< Checkpoints at multiples of it are kept for good; 0 none.
  std::string keep_best_metric = {};  ///< Keep the checkpoint that is best by this metric of the
                                      ///< evaluations; empty for none.
  BestMode keep_best_mode = BestMode::kMax;
  SavedModel save_model = SavedModel::kLast;
  int64_t max_bad_steps =
      10;  ///< Steps in a row with a non-finite loss or gradient before the run stops (exit 17).
  /// kRollback: Chowdhery et al., "PaLM", arXiv:2204.02311, section 5.1.
  SpikePolicy on_spike = SpikePolicy::kIgnore;
  double spike_zscore = 6.0;          ///< Deviations above the recent mean loss that make a spike.
  int64_t spike_window = 100;         ///< Steps that are "recent".
  int64_t spike_skip_batches = 20;    ///< Batches left out beyond the spike after a rollback.
  int64_t max_rollbacks = 3;          ///< To one checkpoint, before the run stops (exit 17).
  double stall_warning_seconds = 60;  ///< Name the sample when a batch is awaited this long.
  double stall_timeout_minutes = 30;  ///< Stop the run when it is awaited this long; 0 never does.
  bool tensorboard = true;
};

struct EvalOptions {
  int64_t every_steps = 0;  ///< Evaluate this often, after saving; 0 only at the end.
  EvaluationFailure on_error = EvaluationFailure::kWarn;
  std::string zero_shot_path = {};  ///< Image tree root/<class>/* to classify during training;
                                    ///< empty leaves it out.
  std::string zero_shot_class_names =
      {};  ///< File with names for its folders, as SourceOptions::class_names.
  std::vector<std::string> templates = {
      "a photo of a {}"};  ///< Prompts; {}, {c} or {label} is replaced by the class name.
  int64_t batch_size = 256;
  int64_t max_samples = 5000;  ///< Pairs used by retrieval.
};

/// Everything about one run. The nesting is the JSON's nesting.
struct RunConfig {
  RunOptions run = {};
  TaskOptions task = {};
  ModelOptions model = {};
  TokenizerOptions tokenizer = {};
  DataOptions data = {};
  LossOptions loss = {};
  OptimOptions optim = {};
  TrainOptions train = {};
  EvalOptions eval = {};
};

}  // namespace tandem
