#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tandem/data/source.h"

namespace tandem {

/// How numbers are spread: bin b of `bins` counts those of b significant bits, so 0; 1; 2 and 3; 4
/// to 7; and so on.
struct Spread {
  uint64_t count = 0;
  uint64_t sum = 0;
  uint64_t min = 0;
  uint64_t max = 0;
  std::array<uint64_t, 65> bins = {};

  void add(uint64_t value);
  void add(const Spread& other);
  [[nodiscard]] double mean() const {
    return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
  }
};

/// Things of one content that a data set holds more than once.
struct Repeats {
  uint64_t distinct = 0;
  uint64_t repeated = 0;                                ///< Beyond the first of each content.
  std::vector<std::vector<std::string>> examples = {};  ///< Keys of the largest groups, few each.
};

struct UnusableCount {
  uint64_t count = 0;
  std::vector<std::string> examples = {};  ///< Messages of the first few, by sample number.
};

/// Captions that are used, although something about them is odd.
struct OddCaptions {
  uint64_t count = 0;
  std::string first = {};  ///< Key of the first sample that has one.
};

/// What a data set holds.
struct DataSurvey {
  int64_t samples = 0;
  int64_t usable = 0;
  std::map<std::string, UnusableCount> unusable = {};  ///< By reason, as the loader counts.
  Repeats pictures = {};
  int64_t large = 0;        ///< Images with more than kManyPixels pixels.
  int64_t odd_jpegs = 0;    ///< Usable ones that break a rule which no pixel depends on.
  int64_t transparent = 0;  ///< Images with a pixel that is not opaque.
  Repeats captions = {};
  std::map<std::string, OddCaptions> odd_captions =
      {};  ///< By what is odd: "not UTF-8", "line ends inside".
  Spread width = {};
  Spread height = {};
  Spread caption_bytes = {};
  Spread caption_words = {};
  Spread captions_per_sample = {};
  std::vector<uint64_t> per_class = {};  ///< Usable samples by class; empty without classes.
  double seconds = 0;

  [[nodiscard]] double unusable_ratio() const {
    return samples == 0 ? 0 : static_cast<double>(samples - usable) / static_cast<double>(samples);
  }
};

struct SurveyOptions {
  bool pictures = true;  ///< Decode every image; else captions are looked at alone.
  int64_t threads = 0;   ///< 0 takes one per core.
};

/// Reads every sample once and says what was found. Images are equal when their pixels are,
/// captions when they are after cleaning. Drawn samples are those of seed 0, which shards hold as
/// well, with their images or without. Holds about 16 bytes per image and caption. Throws what
/// is no single sample's fault.
[[nodiscard]] DataSurvey survey(const Source& source, const SurveyOptions& options);

}  // namespace tandem
