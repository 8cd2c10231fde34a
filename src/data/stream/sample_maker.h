#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/stream/bad_samples.h"
#include "data/stream/sample_order.h"
#include "tandem/data/source.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// One sample ready for a batch, or the reasons why it is not one.
struct PreparedSample {
  std::string key = {};
  int64_t index = 0;
  std::vector<uint8_t> pixels = {};  ///< 3 × S × S, planar.
  Encoding encoding = {};
  int64_t image_group = 0;  ///< Hash of the image before augmentation.
  int64_t text_group = 0;   ///< Hash of the cleaned caption.
  bool usable = false;
  std::vector<BadSample> failures = {};  ///< What was invalid: the position's own sample first,
                                         ///< then those tried in its place.
};

struct SampleMakerOptions {
  int64_t image_size = 32;
  int64_t context_length = 64;
  ImageTransformOptions transform = {};
  AugmentOptions augment = {};
  SampleOrderOptions order = {};
  int64_t max_caption_bytes = 4096;
  double caption_dropout = 0;
};

/// Makes the sample at a position of the stream that loader.h describes. Thread-safe.
class SampleMaker {
 public:
  /// Source and tokenizer must outlive the maker.
  SampleMaker(const Source& source, const Tokenizer& tokenizer, const SampleMakerOptions& options)
      : source_(source), tokenizer_(tokenizer), options_(options), order_(source, options.order) {}

  /// Makes sample `position` into `sample`, whose memory is used again. Whatever goes wrong becomes
  /// one of its failures; in training, substitutes are then tried, kSubstitutes of them at most.
  void make(uint64_t position, PreparedSample& sample) const;
  /// Goes on trying where make() gave up. False when every place of the epoch has been tried.
  bool try_further(uint64_t position, PreparedSample& sample) const;

  [[nodiscard]] const SampleOrder& order() const { return order_; }
  /// What names the sample at `position` in messages, without touching it.
  [[nodiscard]] std::string key(uint64_t position) const;

 private:
  void attempt(const StreamSample& at, PreparedSample& sample) const;
  void prepare(const StreamSample& at, PreparedSample& sample) const;
  [[nodiscard]] std::string choose_caption(const RawSample& raw, uint64_t seed) const;
  void encode(const std::string& caption, PreparedSample& sample) const;

  const Source& source_;
  const Tokenizer& tokenizer_;
  SampleMakerOptions options_;
  SampleOrder order_;
};

}  // namespace tandem
