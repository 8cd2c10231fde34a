#include "tandem/data/loader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include "data/bad_samples.h"
#include "data/sample_maker.h"
#include "data/sample_ring.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

constexpr uint64_t kJudgedFrom = 20;
constexpr uint64_t kJudgedOver = 1000;
constexpr uint64_t kPiecesJudgedFrom = 1000;
constexpr double kManyUnknownPieces = 0.2;

void require_positive(int64_t value, const char* name) {
  if (value > 0) return;
  throw Error(ErrorKind::kUsage, {.what = "out of range",
                                  .where = name,
                                  .expected = "at least 1",
                                  .found = std::to_string(value)});
}

void check(const Source& source, const LoaderOptions& options) {
  require_positive(options.batch_size, "batch_size");
  require_positive(options.image_size, "image_size");
  require_positive(options.max_caption_bytes, "max_caption_bytes");
  if (source.size() == 0) throw Error(ErrorKind::kData, "the data source has no samples");
  if (!options.training || source.size() >= options.batch_size) return;
  throw Error(ErrorKind::kData, {.what = "the data source has fewer samples than a batch",
                                 .expected = fmt::format("at least {}", options.batch_size),
                                 .found = fmt::format("{}", source.size()),
                                 .hint = fmt::format("data.batch_size={}", source.size())});
}

SampleMakerOptions maker_options(const LoaderOptions& options) {
  return {.image_size = options.image_size,
          .context_length = options.context_length,
          .transform = options.transform,
          .augment = options.augment,
          .training = options.training,
          .seed = options.seed,
          .max_caption_bytes = options.max_caption_bytes};
}

SampleRingOptions ring_options(const Source& source, const LoaderOptions& options) {
  const uint64_t end = options.training ? std::numeric_limits<uint64_t>::max()
                                        : static_cast<uint64_t>(source.size());
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return {.first = std::min(options.start_position, end),
          .end = end,
          .threads = options.threads > 0 ? options.threads : cores,
          .slots = options.batch_size * std::max<int64_t>(options.prefetch_batches, 1)};
}

}  // namespace

struct Loader::Implementation {
  Implementation(const Source& source_, const Tokenizer& tokenizer_, LoaderOptions options_)
      : source((check(source_, options_), source_)),
        options(std::move(options_)),
        maker(source_, tokenizer_, maker_options(options)),
        bad(options.bad_samples_file),
        position(ring_options(source_, options).first),
        ring(maker, ring_options(source_, options)) {}

  Batch next();
  bool take_usable();
  void pass_over();
  [[nodiscard]] uint64_t judged_over() const;
  void judge() const;
  void count(const Encoding& encoding);

  const Source& source;
  LoaderOptions options;
  SampleMaker maker;
  BadSamples bad;
  uint64_t position;
  uint64_t seen = 0;
  uint64_t bad_in_a_row = 0;
  bool warned_of_unknown = false;
  LoaderStats stats = {};
  PreparedSample sample = {};
  SampleRing ring;
};

/// Takes the next usable sample of the stream; false at its end.
bool Loader::Implementation::take_usable() {
  while (ring.take(sample)) {
    ++position;
    ++seen;
    if (sample.reason.empty()) {
      bad_in_a_row = 0;
      return true;
    }
    pass_over();
  }
  return false;
}

void Loader::Implementation::pass_over() {
  ++bad_in_a_row;
  bad.add({.key = sample.key,
           .reason = sample.reason,
           .message = sample.message,
           .epoch = sample.epoch});
  judge();
}

/// The number of samples that the unusable ones are a share of. Were it `seen` alone, one that
/// comes early in its epoch would stop a run that is within its limit.
uint64_t Loader::Implementation::judged_over() const {
  const auto size = static_cast<uint64_t>(source.size());
  if (size > kJudgedOver) return std::max(seen, kJudgedOver);
  const uint64_t first = position - seen;
  return ((position - 1) / size - first / size + 1) * size;
}

void Loader::Implementation::judge() const {
  const auto size = static_cast<uint64_t>(source.size());
  const bool nothing_usable = bad_in_a_row >= size;
  const double limit = options.max_bad_ratio * static_cast<double>(judged_over());
  const bool too_many = seen >= kJudgedFrom && static_cast<double>(bad.total()) > limit;
  if (!nothing_usable && !too_many) return;
  throw Error(ErrorKind::kData,
              {.what = nothing_usable ? fmt::format("none of the {} samples can be used", size)
                                      : fmt::format("{} of the first {} samples cannot be used",
                                                    bad.total(), seen),
               .expected = fmt::format("at most {:g} % (data.max_bad_ratio = {:g})",
                                       options.max_bad_ratio * 100, options.max_bad_ratio),
               .found = bad.summary(),
               .hint = nothing_usable ? "check path, image_root and the keys of the data source"
                                      : "repair or remove them, or raise data.max_bad_ratio"});
}

void Loader::Implementation::count(const Encoding& encoding) {
  ++stats.good;
  stats.truncated_captions += encoding.truncated ? 1 : 0;
  stats.unknown_pieces += static_cast<uint64_t>(encoding.unknown);
  stats.pieces += encoding.ids.size() - std::min<size_t>(encoding.ids.size(), 2);
  const double limit = kManyUnknownPieces * static_cast<double>(stats.pieces);
  if (warned_of_unknown || stats.pieces < kPiecesJudgedFrom ||
      static_cast<double>(stats.unknown_pieces) <= limit)
    return;
  warned_of_unknown = true;
  log_warn(
      fmt::format("{} of {} caption pieces are unknown to the tokenizer: is it another "
                  "language's?",
                  stats.unknown_pieces, stats.pieces));
}

Batch Loader::Implementation::next() {
  const int64_t size = options.image_size;
  const auto bytes = static_cast<size_t>(3 * size * size);
  Batch batch;
  batch.images =
      torch::empty({options.batch_size, 3, size, size},
                   torch::TensorOptions().dtype(torch::kUInt8).pinned_memory(options.pin_memory));
  auto* out = batch.images.data_ptr<uint8_t>();
  std::vector<std::vector<int32_t>> texts;
  while (static_cast<int64_t>(texts.size()) < options.batch_size && take_usable()) {
    std::memcpy(out + texts.size() * bytes, sample.pixels.data(), bytes);
    count(sample.encoding);
    texts.push_back(std::move(sample.encoding.ids));
    batch.keys.push_back(sample.key);
    batch.indices.push_back(sample.index);
  }
  batch.images = batch.images.slice(0, 0, static_cast<int64_t>(texts.size()));  // [B, 3, S, S]
  batch.tokens = pack_tokens(texts, options.pin_memory);
  batch.next_position = position;
  return batch;
}

Loader::Loader(const Source& source, const Tokenizer& tokenizer, LoaderOptions options)
    : implementation_(std::make_unique<Implementation>(source, tokenizer, std::move(options))) {}

Loader::~Loader() = default;

Batch Loader::next() { return implementation_->next(); }

LoaderStats Loader::stats() const {
  LoaderStats stats = implementation_->stats;
  stats.bad = implementation_->bad.by_reason();
  stats.wait_seconds = implementation_->ring.waited_seconds();
  return stats;
}

}  // namespace tandem
