#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tandem/config/data_options.h"
#include "tandem/image/image.h"

namespace tandem {

/// One picture with its captions, before any transform.
struct RawSample {
  std::string key = {};  ///< What names it in messages: a path, or `shapes/12`.
  Image image = {};
  std::vector<std::string> captions = {};  ///< One or more, as the source has them.
  int64_t class_index = -1;  ///< Index into class_names(), -1 where the source has no classes.
};

/// A data set whose samples can be asked for in any order. All methods are const and thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual int64_t size() const = 0;
  /// Returns sample `index`. `seed` decides whatever is random in it (drawn pictures); files ignore
  /// it. Throws kData or kMissingInput when the sample is unusable; the message names it.
  [[nodiscard]] virtual RawSample sample(int64_t index, uint64_t seed) const = 0;
  /// What names sample `index` in messages, without touching it.
  [[nodiscard]] virtual std::string key(int64_t index) const = 0;
  /// Captions of sample `index` without its picture: those of sample(index, 0). Throws kData when
  /// there are none to be had.
  [[nodiscard]] virtual std::vector<std::string> captions(int64_t index) const = 0;
  /// Class names in label order, as words ("_" is a space); empty where there are none.
  [[nodiscard]] virtual const std::vector<std::string>& class_names() const = 0;
  /// Hash of what the samples are; another data set has another one.
  [[nodiscard]] virtual std::string fingerprint() const = 0;
};

/// What open_source needs beside the source's own options.
struct SourceContext {
  ImageTransformOptions transform = {};
  bool allow_outside_root = false;
  int64_t image_size = 32;  ///< Side of drawn pictures.
};

/// Opens a source: reads manifests, lists folders, no pictures. Throws kMissingInput, kData (bad
/// manifest, with line number and the columns found), kConfig.
[[nodiscard]] std::unique_ptr<Source> open_source(const SourceOptions& options,
                                                  const SourceContext& context);

/// Up to `limit` captions in source order, for training a tokenizer. Samples without a usable
/// caption are passed over.
[[nodiscard]] std::vector<std::string> collect_captions(const Source& source, int64_t limit);

}  // namespace tandem
