#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/core/token_batch.h"
#include "tandem/data/source.h"
#include "tandem/data/stall_error.h"
#include "tandem/text/tokenizer.h"

namespace tandem {

/// What one step trains on.
struct Batch {
  torch::Tensor images = {};           ///< uint8 [B, 3, S, S], CPU, pinned if asked.
  TokenBatch tokens = {};              ///< B texts, CPU, pinned if asked.
  std::vector<std::string> keys = {};  ///< B names, for messages.
  std::vector<int64_t> indices = {};   ///< B sample indices within the source.
  torch::Tensor image_groups = {};     ///< int64 [B], CPU: equal numbers are equal images.
  torch::Tensor text_groups = {};  ///< int64 [B], CPU: equal numbers are equal cleaned captions.
  uint64_t next_position =
      0;  ///< Stream position after this batch, the same on every rank: all the state that a
          ///< resume needs, also with another number of ranks.
};

/// Counts of what the loader met since it was made (or since the position it was resumed from).
struct LoaderStats {
  uint64_t good = 0;
  uint64_t truncated_captions = 0;
  uint64_t unknown_pieces = 0;
  uint64_t pieces = 0;
  std::map<std::string, uint64_t>
      bad;                  ///< Invalid samples by reason ("truncated JPEG", "missing file", …).
  double wait_seconds = 0;  ///< Time that next() spent waiting.
};

/// Returns a warning if the tokenizer does not know more than a fifth of the captions' pieces,
/// otherwise an empty text.
[[nodiscard]] std::string unknown_pieces_warning(const LoaderStats& stats);

struct LoaderOptions {
  int64_t batch_size = 64;  ///< Over all ranks.
  int64_t image_size = 32;
  int64_t context_length = 64;
  ImageTransformOptions transform = {};
  AugmentOptions augment = {};
  bool training = true;  ///< Random augmentation and shuffled order; else source order and the
                         ///< evaluation transform.
  uint64_t seed = 0;
  uint64_t start_position = 0;  ///< Where in the endless sample stream to begin.
  int64_t threads = 0;          ///< 0 takes one per core.
  int64_t prefetch_batches = 2;
  bool pin_memory = false;
  int64_t rank = 0;  ///< This process's number among world_size ones.
  int64_t world_size = 1;
  bool with_replacement = false;
  double caption_dropout = 0;
  double max_bad_ratio = 0.01;
  int64_t max_caption_bytes = 4096;
  std::filesystem::path bad_samples_file =
      {};  ///< Receives one JSON object per invalid sample; empty for none.
  double stall_warning_seconds = 60;  ///< Warn, naming the sample, when one is awaited this long.
  double stall_timeout_seconds = 0;   ///< Give up when one is awaited this long; 0 never does.
};

/// Turns a source into batches with a fixed pool of threads and bounded memory.
///
/// The stream: position p belongs to epoch p / n, with n = source.epoch_size(), and stands for
/// sample epoch_index(Permutation(n, mix_seed({seed, epoch}))(p % n)); its randomness follows from
/// (seed, epoch, index). Step b trains on positions [b * batch_size, (b + 1) * batch_size) after
/// the start, and rank r on the r-th of world_size equal parts of them. Of several captions, a
/// random one is taken in training. An invalid sample is counted, listed, and replaced by another
/// one of the same epoch, which follows from its position alone. So the samples of a step are the
/// same for any number of threads and ranks, and `next_position` is the whole state.
///
/// With `training` off, position p is sample p; rank r reads the r-th of world_size parts
/// of the source, the first usable caption is taken, invalid samples are skipped, and the
/// stream ends after the last one.
class Loader {
 public:
  /// Source and tokenizer must outlive the loader. Throws kData when the source has no samples or,
  /// in training, fewer than a batch; kUsage for sizes below 1, a rank outside [0, world_size), and
  /// a batch that world_size does not divide; kDevice when no thread can be started.
  Loader(const Source& source, const Tokenizer& tokenizer, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Returns the next batch, this rank's part of it. Throws kData when invalid samples exceed
  /// max_bad_ratio or nothing is usable, naming reasons and examples; also kCannotCreate and kIo
  /// for bad_samples_file. The share is judged from 20 samples on, over whole epochs begun where
  /// the source has at most 1000 samples, else over the samples seen, at least 1000 of them: a bad
  /// sample that comes early does not stop a run within its limit. With `training` off, the last
  /// batch may be smaller, and an empty one ([0, 3, S, S], no text) ends the epoch. Throws
  /// StallError (kIo). For one thread, like stats().
  [[nodiscard]] Batch next();
  [[nodiscard]] LoaderStats stats() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace tandem
