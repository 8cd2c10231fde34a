#include "config/fields/fields.h"

namespace tandem::config {
namespace {

constexpr double kMaxSteps = 1e12;

void add_loss(FieldTable& table, LossOptions& o) {
  Section loss(table, {.path = "loss", .doc = "The contrastive loss."});
  loss.add("kind", choice(&o.kind, kLossKinds),
           "Symmetric cross-entropy over the batch, or SigLIP's sigmoid (needs model.logit_bias).");
  loss.add("label_smoothing", &o.label_smoothing,
           "Share of the target spread over all pairs of the batch; info_nce only.",
           {.min = 0, .below = 1});
  loss.add("duplicates", choice(&o.duplicates, kDuplicates),
           "Pairs of a batch that share an image or a text: negatives (keep), left out (mask), or "
           "positives.");
  loss.add("parallel_captions", &o.parallel_captions,
           "Share of captions whose tokens a decoder predicts in parallel, from the image alone "
           "(CapPa); of task.kind captioner and blip.",
           between(0, 1));
}

void add_optim(FieldTable& table, OptimOptions& o) {
  const Bounds decay = {.min = 0, .below = 1};
  Section optim(table, {.path = "optim", .doc = "AdamW and its schedule."});
  optim.add("lr", &o.lr, "Peak learning rate.", {.above = 0, .max = 100});
  optim.add("beta1", &o.beta1, "Decay of the gradient's average.", decay);
  optim.add("beta2", &o.beta2, "Decay of the squared gradient's average.", decay);
  optim.add("eps", &o.eps, "Added to the root of the squared average.", {.above = 0, .max = 1});
  optim.add("weight_decay", &o.weight_decay,
            "For weights of two and more dimensions; never for biases, norms, position tables or "
            "logit_scale.",
            between(0, 100));
  optim.add("grad_clip_norm", &o.grad_clip_norm,
            "Largest norm of all gradients together; 0 does not clip.", at_least(0));
  optim.add("schedule", choice(&o.schedule, kSchedules), "Learning rate after the warm-up.");
  optim.add("warmup_steps", &o.warmup_steps, "Steps of linear warm-up; overrides warmup_ratio.",
            between(0, kMaxSteps));
  optim.add("warmup_ratio", &o.warmup_ratio, "Linear warm-up as a share of the run.",
            {.min = 0, .below = 1});
  optim.add("final_lr_ratio", &o.final_lr_ratio, "Where the cosine ends, as a share of lr.",
            between(0, 1));
}

void add_saving(Section& train, TrainOptions& o) {
  train.add("checkpoint_every_minutes", &o.checkpoint_every_minutes,
            "Save a checkpoint by the clock as well; 0 does not.", at_least(0));
  train.add("keep_last", &o.keep_last, "Number of newest checkpoints kept.", between(1, 1e6));
  train.add("keep_every_steps", &o.keep_every_steps,
            "Checkpoints at multiples of this many steps are kept for good; 0 keeps none.",
            between(0, kMaxSteps));
  train.add("keep_best_metric", &o.keep_best_metric,
            "Keep the checkpoint that is best by this metric of the evaluations, as "
            "zero_shot/unseen_top1; empty for none.");
  train.add("keep_best_mode", choice(&o.keep_best_mode, kBestModes),
            "Whether keep_best_metric is best when large or small.");
  train.add("save_model", choice(&o.save_model, kSavedModels),
            "Whose weights the model directory gets: the last step's or the best evaluation's.");
}

void add_spikes(Section& train, TrainOptions& o) {
  train.add("on_spike", choice(&o.on_spike, kSpikePolicies),
            "When the loss rises suddenly: rollback resumes from the last regular checkpoint and "
            "skips the batches seen since.");
  train.add("spike_zscore", &o.spike_zscore,
            "Standard deviations above the mean of the last spike_window losses.", above(0));
  train.add("spike_window", &o.spike_window, "Steps that a loss is compared with.",
            between(2, 1e4));
  train.add("spike_skip_batches", &o.spike_skip_batches,
            "Batches left out beyond the spike after a rollback.", between(0, kMaxSteps));
  train.add("max_rollbacks", &o.max_rollbacks,
            "Rollbacks to one checkpoint before the run stops (exit 17).", between(1, 1e6));
}

void add_train(FieldTable& table, TrainOptions& o) {
  Section train(table, {.path = "train", .doc = "The training loop."});
  train.add("max_steps", &o.max_steps, "Optimizer steps of the run; overrides epochs.",
            between(1, kMaxSteps));
  train.add("epochs", &o.epochs,
            "Passes over the training data; of a mixture, over samples_per_epoch.",
            {.above = 0, .max = 1e9});
  train.add("precision", choice(&o.precision, kPrecisions),
            "Of weights and activations; bf16 keeps fp32 masters.");
  train.add("accumulation_steps", &o.accumulation_steps,
            "Micro-batches per step; must divide batch_size. All of the batch's negatives are "
            "kept.",
            between(1, 1 << 24));
  train.add(
      "recompute_activations", &o.recompute_activations,
      "Keep only what enters each transformer block and compute the rest again in the backward "
      "pass: memory for a third more time.");
  train.add("log_every_steps", &o.log_every_steps, "Steps between two lines of progress.",
            between(1, kMaxSteps));
  train.add("checkpoint_every_steps", &o.checkpoint_every_steps, "Steps between two checkpoints.",
            between(1, kMaxSteps));
  add_saving(train, o);
  train.add("max_bad_steps", &o.max_bad_steps,
            "Steps in a row with a non-finite loss or gradient before the run stops (exit 17).",
            between(1, kMaxSteps));
  add_spikes(train, o);
  train.add("stall_warning_seconds", &o.stall_warning_seconds,
            "Name the sample that a batch waits for after this long.", above(0));
  train.add("stall_timeout_minutes", &o.stall_timeout_minutes,
            "Stop when a batch is awaited this long; 0 never does.", at_least(0));
  train.add("tensorboard", &o.tensorboard, "Write TensorBoard events beside metrics.jsonl.");
}

void add_eval(FieldTable& table, EvalOptions& o) {
  Section eval(table, {.path = "eval", .doc = "Evaluation during and after training."});
  eval.add("every_steps", &o.every_steps,
           "Evaluate this often, after saving a checkpoint; 0 only at the end.",
           between(0, kMaxSteps));
  eval.add("on_error", choice(&o.on_error, kEvaluationFailures),
           "When an evaluation fails: warn and train on, or stop. The state is saved before.");
  eval.add_path("zero_shot_path", &o.zero_shot_path,
                "Image tree root/<class>/* to classify during training; empty leaves it out.");
  eval.add_path("zero_shot_class_names", &o.zero_shot_class_names,
                "File with names for the folders of that tree, as data.train.class_names; empty "
                "takes their own.");
  eval.add("templates", &o.templates, "Prompts; {}, {c} or {label} is replaced by the class name.",
           at_least(1));
  eval.add("batch_size", &o.batch_size, "Images or texts encoded at a time.", between(1, 1 << 24));
  eval.add("max_samples", &o.max_samples, "Pairs used by retrieval.", between(1, kMaxSteps));
}

}  // namespace

void add_run_fields(FieldTable& table, RunOptions& o) {
  Section run(table, {.path = "run", .doc = "The run itself: its name, place, seed and device."});
  run.add("name", &o.name, "The run's folder inside output_dir.", between(1, 200)).on_resume =
      OnResume::kIgnored;
  run.add_path("output_dir", &o.output_dir, "Folder that holds the runs.", at_least(1)).on_resume =
      OnResume::kIgnored;
  run.add("seed", &o.seed, "Weights, sample order, augmentation and dropout all follow from it.")
      .on_resume = OnResume::kFixed;
  run.add("device", &o.device, "auto, cpu, cuda or cuda:N.", at_least(1));
  run.add("cpu_threads", &o.cpu_threads, "Threads of one tensor operation; 0 takes one per core.",
          between(0, 1024));
  run.add("fail_at_chance", &o.fail_at_chance,
          "End with exit 17 when the run has learnt nothing: a loss or an evaluation at chance.");
  run.add("peer_timeout_seconds", &o.peer_timeout_seconds,
          "Of several processes: how long one waits for the others, at the start and in each "
          "exchange, before it names who is missing and ends.",
          between(1, 1e6));
}

void add_task_fields(FieldTable& table, TaskOptions& o) {
  Section task(table, {.path = "task", .doc = "What is trained.", .on_resume = OnResume::kFixed});
  task.add(
      "kind", choice(&o.kind, kTaskKinds),
      "clip: two towers and a contrastive loss. captioner: the decoder, and the image tower "
      "unless it is frozen, learn to write the captions; the rest of the model stays as it is. "
      "blip: towers, matching head and decoder learn from contrastive, matching and captioning "
      "losses.");
  Section blip(table, {.path = "task.blip",
                       .doc = "The contrastive loss of task.kind blip.",
                       .on_resume = OnResume::kFixed});
  blip.add("momentum", &o.blip.momentum,
           "Share that a step leaves of the momentum twin's weights, as 0.995; 0: no twin.",
           Bounds{.min = 0, .below = 1});
  blip.add("queue_size", &o.blip.queue_size,
           "Pairs of earlier batches that are compared with; 0: none.", between(0, 10'000'000));
  blip.add("soft_share", &o.blip.soft_share, "Share of the targets that the twin finds.",
           between(0, 1));
  blip.add("soft_ramp_steps", &o.blip.soft_ramp_steps, "Steps in which soft_share rises from 0.",
           between(0, 1'000'000'000));
  blip.add("negative_margin", &o.blip.negative_margin,
           "An image and a text whose cosine similarity is above that of a true pair less this "
           "margin are no negative in matching: they may belong together although nobody said so. "
           "-2, as BLIP: all others are negatives.",
           between(-2, 2));
}

void add_training_fields(FieldTable& table, RunConfig& config) {
  add_loss(table, config.loss);
  add_optim(table, config.optim);
  add_train(table, config.train);
  add_eval(table, config.eval);
}

}  // namespace tandem::config
