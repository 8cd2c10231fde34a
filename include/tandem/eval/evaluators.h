#pragma once

#include <functional>
#include <map>
#include <string>

#include "tandem/config/run_config.h"
#include "tandem/model/clip_model.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// Returns what Trainer::add_evaluator takes: the evaluations that `config` asks for, on a model in
/// the middle of its training. Empty result when it asks for none. Sources are opened here, once,
/// and shared by all calls and copies. Metrics:
/// - `data.validation` is set: `retrieval/image_to_text_R@{1,5,10}`,
///   `retrieval/text_to_image_R@{1,5,10}` and the two `…_median_rank`, over eval.max_samples pairs;
/// - `eval.zero_shot_path` is set: `zero_shot/{top1,top5,mean_per_class_recall}` over that picture
///   tree's classes;
/// - `data.train.kind` is shapes: `zero_shot/{seen,unseen}_top1` over fresh pictures (at most 2000
///   each) of pairs that training shows and of pairs that it never shows, against all pairs.
/// Throws as open_source.
[[nodiscard]] std::function<std::map<std::string, double>(ClipModel model,
                                                          const Tokenizer& tokenizer)>
make_evaluator(const RunConfig& config);

}  // namespace tandem
