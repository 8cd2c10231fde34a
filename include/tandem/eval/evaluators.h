#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tandem/config/run_config.h"
#include "tandem/model/clip_model.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns what Trainer::add_evaluator takes: one function for each evaluation that `config` asks
/// for, on a model in the middle of its training. Sources are opened here, once, and shared by all
/// calls and copies. Metrics, named as clip-eval names them (named_metrics in eval/evaluate.h):
/// - `data.validation` is set: `retrieval/{image,text}_retrieval_recall@{1,5,10}` and
///   `retrieval/{image,text}_retrieval_median_rank`, over eval.max_samples pairs;
/// - `eval.zero_shot_path` is set: `zero_shot/{acc1,acc5,mean_per_class_recall}` over that image
///   tree's classes;
/// - `data.train.kind` is shapes: `zero_shot/{seen,unseen}_top1` over fresh images (at most 2000
///   each) of pairs that training shows and of pairs that it never shows, against all pairs.
/// With a decoder (task.kind captioner, which has nothing else, and blip):
/// - `data.validation` is set: `captions/{bleu_4,rouge_l,cider}`, over eval.max_samples images;
/// - `data.train.kind` is shapes: `captions/{seen,unseen}_true`, the share of captions that are
/// true
///   of such fresh images; with task.kind blip also `matching/{seen,unseen}_accuracy`: how often
///   the matching head is right about their true captions and about false ones, half of each.
/// Each first choice (acc1, top1, recall@1) comes with what guessing gives, under its name with
/// `_chance` appended: the share of the largest class, or one of the images; of a caption that is
/// true, what captions of other images reach. Throws as open_source.
[[nodiscard]] std::vector<
    std::function<std::map<std::string, double>(ClipModel model, const Tokenizer& tokenizer)>>
make_evaluators(const RunConfig& config);

/// Returns the names of the metrics, without those of chance, that make_evaluators(config) will
/// give.
[[nodiscard]] std::vector<std::string> metric_names(const RunConfig& config);

/// Throws kConfig when train.keep_best_metric is set and not among metric_names(config).
void check_best_metric(const RunConfig& config);

}  // namespace tandem
