#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tandem::apps {

/// A caption of an image and how likely it belongs to the image.
struct JudgedCaption {
  std::string text;
  bool synthetic = false;  ///< Written by a captioner; else one of the data's own.
  double score = 0;        ///< As Pipeline::match, in [0, 1].
};

/// An image with its judged captions, or why it could not be used.
struct JudgedSample {
  std::string image = {};  ///< An absolute path.
  std::vector<JudgedCaption> captions = {};
  std::string error = {};
  bool is_missing = false;  ///< With an error: whether the image is not there, rather than damaged.
};

/// Return a sample as a line of JSON, with its line end, and the sample of such a line. The latter
/// throws kData.
[[nodiscard]] std::string judged_line(const JudgedSample& sample);
[[nodiscard]] JudgedSample parse_judged(const std::string& line);

/// Returns the line of a manifest of kind jsonl with the captions that score at least `threshold`,
/// their scores and origins. Returns an empty text when no caption does.
[[nodiscard]] std::string kept_line(const JudgedSample& sample, double threshold);

/// Returns a table: for each tenth of the scores, how many captions of either origin have them, and
/// how many captions and images a threshold at its lower end keeps.
[[nodiscard]] std::string describe_scores(const std::vector<JudgedSample>& samples);

}  // namespace tandem::apps
