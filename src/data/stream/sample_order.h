#pragma once

#include <cstdint>

#include "tandem/data/source.h"

namespace tandem {

struct SampleOrderOptions {
  bool training = true;  ///< Shuffled and endless; else the source's own order.
  bool with_replacement = false;
  uint64_t seed = 0;
};

/// The sample at a position of the stream.
struct StreamSample {
  int64_t index = 0;
  uint64_t epoch = 0;
  uint64_t seed = 0;  ///< All that is random about it follows from this.
};

/// The order of samples as a pure function of the position in the stream (docs/data.md). Const and
/// thread-safe.
class SampleOrder {
 public:
  /// `source` must outlive the order.
  SampleOrder(const Source& source, const SampleOrderOptions& options);

  [[nodiscard]] uint64_t epoch_size() const { return epoch_size_; }
  /// The sample at `position` or, from attempt 1 on, the one that takes its place when those before
  /// are invalid. Attempts 0 to epoch_size() - 1 try every place of the epoch once.
  [[nodiscard]] StreamSample at(uint64_t position, uint64_t attempt = 0) const;

 private:
  const Source& source_;
  SampleOrderOptions options_;
  uint64_t epoch_size_;
  uint64_t stride_;
};

/// Which positions of the stream one of several loaders reads.
struct StreamShare {
  uint64_t start = 0;     ///< First position of the stream.
  uint64_t batch = 1;     ///< Positions of one step, over all ranks.
  uint64_t per_rank = 1;  ///< Positions of one step and rank, one after the other.
  uint64_t rank = 0;

  /// The position that this loader reads as its `number`-th.
  [[nodiscard]] uint64_t position(uint64_t number) const {
    return start + number / per_rank * batch + rank * per_rank + number % per_rank;
  }
  /// The stream's position after the steps that `number` positions of this loader belong to.
  [[nodiscard]] uint64_t behind(uint64_t number) const {
    return start + number / per_rank * batch + number % per_rank;
  }
};

}  // namespace tandem
