#pragma once

#include <map>
#include <string>
#include <vector>

#include "tandem/data/source.h"
#include "tandem/eval/retrieval.h"
#include "tandem/eval/zero_shot.h"
#include "tandem/inference/pipeline.h"

namespace tandem {

/// What a retrieval evaluation reads, and how it ranks.
struct RetrievalOptions {
  int64_t max_samples = 5000;
  uint64_t seed = 0;  ///< Of the choice among more samples, and of the samples themselves.
  /// How many of the best texts of each image, and of the best images of each text, the matching
  /// head ranks again (Reranking); 0 for no re-ranking.
  int64_t rerank = 0;
};

/// Retrieval over up to `max_samples` samples of a source, every caption of each. Invalid samples
/// are skipped and counted in the log. Equal captions (after clean_caption) on several images
/// count as one group. Throws kData when no sample is valid, and kUsage for re-ranking by a model
/// without text.cross_attention.
[[nodiscard]] RetrievalResult evaluate_retrieval(const Pipeline& pipeline, const Source& source,
                                                 const RetrievalOptions& options);

/// Zero-shot classification of up to `max_samples` samples of a source that has classes, against
/// all of its classes. Samples without a class are left out and counted in the log. Throws kData
/// when the source has no classes, no sample is usable or none has a class.
[[nodiscard]] ZeroShotResult evaluate_zero_shot(const Pipeline& pipeline, const Source& source,
                                                const std::vector<std::string>& templates,
                                                int64_t max_samples, uint64_t seed);

/// The numbers of a result under the names of CLIP_benchmark: `image_retrieval_recall@{1,5,10}` (a
/// text finds its image), `text_retrieval_recall@{1,5,10}` (an image finds its text) and
/// `{image,text}_retrieval_median_rank`.
[[nodiscard]] std::map<std::string, double> named_metrics(const RetrievalResult& result);
/// `acc1`, `acc5` and `mean_per_class_recall`.
[[nodiscard]] std::map<std::string, double> named_metrics(const ZeroShotResult& result);

}  // namespace tandem
