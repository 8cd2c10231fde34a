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
    double score = 0;  ///< As Pipeline::scores.
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

/// Returns the writer for `format`: text, json (one array), jsonl (one object per line) or csv (one
/// row per class). Text and JSON say when scores are of `kind` sigmoid. Throws kUsage for another
/// name.
[[nodiscard]] std::unique_ptr<RankingWriter> make_writer(const std::string& format, ScoreKind kind);

/// A labelled tree's result as `format` has it.
[[nodiscard]] std::string describe(const ZeroShotResult& result, size_t classes, size_t unusable,
                                   const std::string& format);

}  // namespace tandem::apps
