#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tandem/eval/zero_shot.h"

namespace tandem::apps {

/// What is said about one image: its best classes, or why it could not be used.
struct Ranking {
  struct Entry {
    std::string label;
    double score = 0;  ///< In [0, 1].
  };
  std::string image;
  std::vector<Entry> entries;  ///< Best first.
  std::string error;           ///< Empty when the image was usable.
};

/// Writes rankings to standard output as they come. Call finish() once after the last one.
class RankingWriter {
 public:
  virtual ~RankingWriter() = default;
  virtual void write(const Ranking& ranking) = 0;
  virtual void finish() {}
};

/// What the scores of a ranking are: the share of each class among all (softmax), or how likely
/// each class is by itself, by the sigmoid of its similarity or by the matching head.
enum class RankingScore { kSoftmax, kSigmoid, kMatch };

/// Returns softmax, sigmoid or match.
[[nodiscard]] const char* name_of(RankingScore score);

/// Returns the writer for `format`: text, json (one array), jsonl (one object per line) or csv (one
/// row per class). Text says when scores do not add up to 1, JSON names them. Throws kUsage for
/// another name.
[[nodiscard]] std::unique_ptr<RankingWriter> make_writer(const std::string& format,
                                                         RankingScore score);

/// A labelled tree's result as `format` has it.
[[nodiscard]] std::string describe(const ZeroShotResult& result, size_t classes, size_t unusable,
                                   const std::string& format);

}  // namespace tandem::apps
