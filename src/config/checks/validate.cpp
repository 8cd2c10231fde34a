#include "config/checks/validate.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "config/checks/class_marks.h"
#include "config/fields/enums.h"
#include "config/fields/fields.h"
#include "config/json/strings.h"

namespace tandem::config {
namespace {

void check_run_options(const RunOptions& run, Contradictions& found) {
  const bool is_folder = run.name != "." && run.name != ".." &&
                         run.name.find_first_of(std::string("/\\\n\0", 4)) == std::string::npos;
  if (!is_folder) {
    found.push_back({{"run.name"},
                     fmt::format("run.name = {} must be the name of one folder; its place goes "
                                 "into run.output_dir",
                                 quote_json(run.name))});
  }
  const std::string_view device = run.device;
  const bool is_numbered = device.starts_with("cuda:") && device.size() > 5 && device.size() <= 8 &&
                           device.find_first_not_of("0123456789", 5) == std::string_view::npos;
  if (!is_numbered && device != "auto" && device != "cpu" && device != "cuda") {
    found.push_back({{"run.device"},
                     fmt::format("run.device: expected auto, cpu, cuda or cuda:N, found {}",
                                 quote_json(run.device))});
  }
}

void check_tokenizer(const TokenizerOptions& tokenizer, const TextEncoderOptions& text,
                     Contradictions& found) {
  const std::vector<std::string> keys = {"tokenizer.file", "tokenizer.train_vocab_size"};
  const int64_t size = tokenizer.train_vocab_size;
  if (tokenizer.file.empty() && size == 0) {
    found.push_back({keys,
                     "tokenizer.file = \"\" and tokenizer.train_vocab_size = 0: give a "
                     "tokenizer, or the number of pieces to train one with"});
  }
  if (!tokenizer.file.empty() && size > 0) {
    found.push_back({keys, fmt::format("tokenizer.file = {} is there already, so "
                                       "tokenizer.train_vocab_size = {} must be 0",
                                       quote_json(tokenizer.file), size)});
  }
  if (size > 0 && text.vocab_size > 0 && size > text.vocab_size) {
    found.push_back({{"tokenizer.train_vocab_size", "model.text.vocab_size"},
                     fmt::format("tokenizer.train_vocab_size = {} does not fit into "
                                 "model.text.vocab_size = {}; 0 takes the tokenizer's size",
                                 size, text.vocab_size)});
  }
}

/// Which captions are taken, and how often.
void check_caption_choice(const SourceOptions& source, const std::string& prefix,
                          Contradictions& found) {
  const auto key = [&](const char* name) { return join_path(prefix, name); };
  const auto& weights = source.caption_weights;
  const bool all_zero =
      std::all_of(weights.begin(), weights.end(), [](double w) { return w <= 0; });
  if (!weights.empty() && all_zero)
    found.push_back({{key("caption_weights")},
                     fmt::format("{}: no weight is above 0", key("caption_weights"))});
  if (!weights.empty() && !source.languages.empty() && weights.size() != source.languages.size()) {
    found.push_back({{key("caption_weights"), key("languages")},
                     fmt::format("{} has {} entries and {} has {}: one weight per language",
                                 key("caption_weights"), weights.size(), key("languages"),
                                 source.languages.size())});
  }
  if (!source.splits.empty() && source.kind != SourceKind::kCaptions) {
    found.push_back({{key("splits"), key("kind")},
                     fmt::format("{} has {} entries, but only kind captions has splits",
                                 key("splits"), source.splits.size())});
  }
}

void check_data(const DataOptions& data, Contradictions& found) {
  if (data.train.kind == SourceKind::kNone) {
    found.push_back({{"data.train.kind"},
                     "data.train.kind = none: there is nothing to train on; choose table, jsonl, "
                     "folder, files, wds, captions, mixture or shapes"});
  }
  check_source(data.train, "data.train", found);
  check_source(data.validation, "data.validation", found);
  if (data.allow_pipes && data.pipe_cache.empty()) {
    found.push_back({{"data.allow_pipes", "data.pipe_cache"},
                     "data.allow_pipes = true needs data.pipe_cache, a folder for what the "
                     "commands give"});
  }
  const AugmentOptions& augment = data.augment;
  const double strongest =
      std::max({augment.brightness, augment.contrast, augment.saturation, augment.hue});
  if (augment.jitter_ratio > 0 && strongest <= 0) {
    found.push_back({{"data.augment.jitter_ratio"},
                     fmt::format("data.augment.jitter_ratio = {} changes nothing while brightness, "
                                 "contrast, saturation and hue are 0",
                                 augment.jitter_ratio)});
  }
}

void check_task(const RunConfig& config, Contradictions& found) {
  const TaskKind task = config.task.kind;
  const char* const kind = spelling(task, kTaskKinds);
  const char* const towers = spelling(config.model.towers, kTowers);
  if (task == TaskKind::kClip && config.model.towers != Towers::kBoth) {
    found.push_back({{"model.towers"},
                     fmt::format("model.towers = {}: task.kind = {} needs both", towers, kind)});
  }
  if (task == TaskKind::kClip && has_decoder(config.model)) {
    found.push_back({{"model.decoder.layers", "task.kind"},
                     fmt::format("model.decoder.layers = {}: task.kind = {} trains no decoder",
                                 config.model.decoder.layers, kind)});
  }
  if (task != TaskKind::kClip && !has_decoder(config.model)) {
    found.push_back(
        {{"task.kind", "model.decoder.layers"},
         fmt::format("task.kind = {} needs a decoder: model.decoder.layers is 0", kind)});
  }
  const bool matches = config.model.towers == Towers::kBoth && config.model.text.cross_attention;
  if (task == TaskKind::kBlip && !matches) {
    found.push_back(
        {{"task.kind", "model.text.cross_attention", "model.towers"},
         fmt::format("task.kind = {} needs both towers, and model.text.cross_attention = "
                     "true",
                     kind)});
  }
  const BlipOptions& blip = config.task.blip;
  if (task != TaskKind::kBlip && (blip.momentum > 0 || blip.queue_size > 0)) {
    found.push_back({{"task.blip", "task.kind"},
                     fmt::format("task.blip is used by task.kind = blip only, not by {}", kind)});
  }
}

void check_best(const RunConfig& config, Contradictions& found) {
  const TrainOptions& train = config.train;
  if (train.save_model == SavedModel::kBest && train.keep_best_metric.empty()) {
    found.push_back({{"train.save_model", "train.keep_best_metric"},
                     "train.save_model = best needs train.keep_best_metric, such as "
                     "zero_shot/unseen_top1"});
  }
  if (!train.keep_best_metric.empty() && config.eval.every_steps == 0) {
    found.push_back({{"train.keep_best_metric", "eval.every_steps"},
                     fmt::format("train.keep_best_metric = {} needs eval.every_steps above 0: with "
                                 "one evaluation at the end there is nothing to choose from",
                                 quote_json(train.keep_best_metric))});
  }
}

void check_steps(const RunConfig& config, Contradictions& found) {
  const int64_t batch = config.data.batch_size;
  const int64_t parts = config.train.accumulation_steps;
  if (parts > 0 && batch % parts != 0) {
    found.push_back({{"data.batch_size", "train.accumulation_steps"},
                     fmt::format("data.batch_size = {} is not a multiple of "
                                 "train.accumulation_steps = {}",
                                 batch, parts)});
  }
  const auto& warmup = config.optim.warmup_steps;
  const auto& steps = config.train.max_steps;
  if (warmup && steps && *warmup >= *steps) {
    found.push_back({{"optim.warmup_steps", "train.max_steps"},
                     fmt::format("optim.warmup_steps = {} is not shorter than train.max_steps = {}",
                                 *warmup, *steps)});
  }
}

}  // namespace

void check_source(const SourceOptions& source, const std::string& prefix, Contradictions& found) {
  const auto key = [&](const char* name) { return join_path(prefix, name); };
  const char* kind = spelling(source.kind, kSourceKinds);
  const bool reads_files = source.kind != SourceKind::kNone && source.kind != SourceKind::kShapes &&
                           source.kind != SourceKind::kProgram;
  if (reads_files && source.path.empty()) {
    found.push_back(
        {{key("kind"), key("path")},
         fmt::format("{} = {} needs {}, which is empty", key("kind"), kind, key("path"))});
  }
  if (!reads_files && !source.path.empty()) {
    found.push_back({{key("kind"), key("path")},
                     fmt::format("{} = {} has no use for {} = {}", key("kind"), kind, key("path"),
                                 quote_json(source.path))});
  }
  if (!source.languages.empty() && source.kind != SourceKind::kJsonl &&
      source.kind != SourceKind::kWds) {
    found.push_back({{key("languages"), key("kind")},
                     fmt::format("{} has {} entries, but {} = {}: only jsonl and wds have "
                                 "captions by language",
                                 key("languages"), source.languages.size(), key("kind"), kind)});
  }
  check_caption_choice(source, prefix, found);
  if (source.separator == "\n" || source.separator == "\r" || source.separator == "\"") {
    found.push_back({{key("separator")},
                     fmt::format("{} = {} cannot stand between columns", key("separator"),
                                 quote_json(source.separator))});
  }
  if (source.kind == SourceKind::kFolder && !has_class_mark(source.caption_template)) {
    found.push_back(
        {{key("caption_template")},
         fmt::format("{} = {} has no place for the class name: {}", key("caption_template"),
                     quote_json(source.caption_template), kClassMarksInWords)});
  }
}

void check_run(const RunConfig& config, Contradictions& found) {
  check_run_options(config.run, found);
  check_model(config.model, found);
  check_task(config, found);
  check_tokenizer(config.tokenizer, config.model.text, found);
  check_data(config.data, found);
  check_steps(config, found);
  check_best(config, found);
  for (const std::string& text : config.eval.templates) {
    if (has_class_mark(text)) continue;
    found.push_back({{"eval.templates"},
                     fmt::format("eval.templates: {} has no place for the class name: {}",
                                 quote_json(text), kClassMarksInWords)});
  }
}

}  // namespace tandem::config
