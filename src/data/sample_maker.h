#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tandem/data/source.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// One sample ready for a batch, or the reason why it is none.
struct PreparedSample {
  std::string key = {};
  int64_t index = 0;
  uint64_t epoch = 0;
  std::vector<uint8_t> pixels = {};  ///< 3 × S × S, planar.
  Encoding encoding = {};
  std::string reason = {};  ///< Empty for a usable sample.
  std::string message = {};
};

struct SampleMakerOptions {
  int64_t image_size = 32;
  int64_t context_length = 64;
  ImageTransformOptions transform = {};
  AugmentOptions augment = {};
  bool training = true;
  uint64_t seed = 0;
  int64_t max_caption_bytes = 4096;
};

/// Makes the sample at a position of the stream that loader.h describes. Thread-safe.
class SampleMaker {
 public:
  /// Source and tokenizer must outlive the maker.
  SampleMaker(const Source& source, const Tokenizer& tokenizer, const SampleMakerOptions& options)
      : source_(source), tokenizer_(tokenizer), options_(options) {}

  /// Makes sample `position` into `sample`, whose memory is used again. Whatever goes wrong becomes
  /// its reason and message.
  void make(uint64_t position, PreparedSample& sample) const;

 private:
  void prepare(PreparedSample& sample) const;
  [[nodiscard]] std::string choose_caption(const std::vector<std::string>& captions,
                                           uint64_t seed) const;
  [[nodiscard]] Encoding encode(const std::string& caption) const;

  const Source& source_;
  const Tokenizer& tokenizer_;
  SampleMakerOptions options_;
};

}  // namespace tandem
