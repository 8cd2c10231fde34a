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

/// One image with its captions, before any transform.
struct RawSample {
  std::string key = {};  ///< What names it in messages: a path, or `shapes/12`.
  Image image = {};
  std::vector<std::string> captions = {};  ///< One or more, as the source has them.
  std::vector<double> caption_weights =
      {};                    ///< How often each is taken in training; empty takes all alike.
  int64_t class_index = -1;  ///< Index into class_names(), -1 where there is none.
};

/// A place in one epoch's order.
struct EpochSlot {
  uint64_t epoch = 0;
  uint64_t slot = 0;  ///< In [0, epoch_size()).
  uint64_t seed = 0;  ///< The run's.
};

/// A data set whose samples can be asked for in any order. All methods are const and thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual int64_t size() const = 0;
  /// Returns sample `index`. `seed` decides whatever is random in it (drawn images); files ignore
  /// it. Throws kData or kMissingInput when the sample is invalid; the message names it.
  [[nodiscard]] virtual RawSample sample(int64_t index, uint64_t seed) const = 0;
  /// Hash of what the samples are; another data set has another one.
  [[nodiscard]] virtual std::string fingerprint() const = 0;

  /// What names sample `index` in messages, without touching it: "sample 7".
  [[nodiscard]] virtual std::string key(int64_t index) const;
  /// Captions of sample `index`: those of sample(index, 0), without its image where a source can
  /// read them alone. Throws kData when it has none.
  [[nodiscard]] virtual std::vector<std::string> captions(int64_t index) const;
  /// Class names in label order, as words ("_" is a space); empty where there are none.
  [[nodiscard]] virtual const std::vector<std::string>& class_names() const;
  /// The class of sample(index, 0) without its image, -1 where there is none. Throws as sample().
  [[nodiscard]] virtual int64_t class_of(int64_t index) const;
  /// The image of sample `index` as a file's bytes: as stored, or a PNG of what is drawn. It need
  /// not be decodable. Throws as sample().
  [[nodiscard]] virtual std::string picture_file(int64_t index, uint64_t seed) const;
  /// Samples that one epoch of training visits. In most sources, each one once.
  [[nodiscard]] virtual int64_t epoch_size() const { return size(); }
  /// The sample at a place of an epoch, before the epoch's order is shuffled.
  [[nodiscard]] virtual int64_t epoch_index(const EpochSlot& slot) const {
    return static_cast<int64_t>(slot.slot);
  }
  /// Whether an epoch may visit a sample more than once.
  [[nodiscard]] virtual bool may_repeat() const { return false; }
};

/// What open_source needs beside the source's own options.
struct SourceContext {
  ImageTransformOptions transform = {};
  bool allow_outside_root = false;
  int64_t image_size = 32;      ///< Side of drawn images.
  bool allow_pipes = false;     ///< Run the commands of `pipe:` shards.
  std::string pipe_cache = {};  ///< Folder for what they give.
};

/// The context that a run's configuration gives. `image_size` is the model's.
[[nodiscard]] SourceContext source_context(const DataOptions& options, int64_t image_size);

/// Opens a source: reads manifests, lists folders, walks over tar headers, no images. Throws
/// kMissingInput, kData (bad manifest, with line number and the columns found), kConfig.
[[nodiscard]] std::unique_ptr<Source> open_source(const SourceOptions& options,
                                                  const SourceContext& context);

/// Up to `limit` captions in source order, for training a tokenizer. Samples without a usable
/// caption are skipped.
[[nodiscard]] std::vector<std::string> collect_captions(const Source& source, int64_t limit);

}  // namespace tandem
