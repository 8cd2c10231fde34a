#include "tandem/data/loader.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include "data/stream/bad_samples.h"
#include "data/stream/sample_maker.h"
#include "data/stream/sample_ring.h"
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
  require_positive(options.world_size, "world_size");
  if (options.rank < 0 || options.rank >= options.world_size) {
    throw Error(ErrorKind::kUsage, {.what = "out of range",
                                    .where = "rank",
                                    .expected = fmt::format("from 0 to {}", options.world_size - 1),
                                    .found = std::to_string(options.rank)});
  }
  if (options.training && options.batch_size % options.world_size != 0) {
    throw Error(ErrorKind::kUsage,
                {.what = "the batch cannot be split equally",
                 .where = "batch_size",
                 .expected = fmt::format("a multiple of {} ranks", options.world_size),
                 .found = std::to_string(options.batch_size)});
  }
  if (source.size() == 0) throw Error(ErrorKind::kData, "the data source has no samples");
  if (!options.training || source.epoch_size() >= options.batch_size) return;
  throw Error(ErrorKind::kData, {.what = "the data source has fewer samples than a batch",
                                 .expected = fmt::format("at least {}", options.batch_size),
                                 .found = fmt::format("{}", source.epoch_size()),
                                 .hint = fmt::format("data.batch_size={}", source.epoch_size())});
}

SampleMakerOptions maker_options(const LoaderOptions& options) {
  return {.image_size = options.image_size,
          .context_length = options.context_length,
          .transform = options.transform,
          .augment = options.augment,
          .order = {.training = options.training,
                    .with_replacement = options.with_replacement,
                    .seed = options.seed},
          .max_caption_bytes = options.max_caption_bytes,
          .caption_dropout = options.caption_dropout};
}

/// In evaluation each rank reads one part of the source, in training one part of every batch.
SampleRingOptions ring_options(const Source& source, const LoaderOptions& options) {
  const auto world = static_cast<uint64_t>(options.world_size);
  const auto rank = static_cast<uint64_t>(options.rank);
  const auto batch = static_cast<uint64_t>(options.batch_size);
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  SampleRingOptions ring{.share = {.start = options.start_position,
                                   .batch = batch,
                                   .per_rank = batch / world,
                                   .rank = rank},
                         .count = std::numeric_limits<uint64_t>::max(),
                         .threads = options.threads > 0 ? options.threads : cores,
                         .slots = options.batch_size / options.world_size *
                                  std::max<int64_t>(options.prefetch_batches, 1),
                         .stall_warning_seconds = options.stall_warning_seconds,
                         .stall_timeout_seconds = options.stall_timeout_seconds};
  if (options.training) return ring;
  const auto size = static_cast<uint64_t>(source.size());
  const uint64_t end = size * (rank + 1) / world;
  ring.share = {.start = std::min(size * rank / world + options.start_position, end)};
  ring.count = end - ring.share.start;
  return ring;
}

}  // namespace

std::string unknown_pieces_warning(const LoaderStats& stats) {
  const double limit = kManyUnknownPieces * static_cast<double>(stats.pieces);
  if (static_cast<double>(stats.unknown_pieces) <= limit) return {};
  return fmt::format(
      "{} of {} caption tokens are unknown to the tokenizer; is it for another language?",
      stats.unknown_pieces, stats.pieces);
}

struct Loader::Implementation {
  Implementation(const Source& source_, const Tokenizer& tokenizer_, LoaderOptions options_)
      : source((check(source_, options_), source_)),
        options(std::move(options_)),
        maker(source_, tokenizer_, maker_options(options)),
        bad(options.bad_samples_file),
        share(ring_options(source_, options).share),
        ring(maker, ring_options(source_, options)) {}

  Batch next();
  bool take_usable();
  void pass_over(const BadSample& failure);
  void replace();
  [[nodiscard]] uint64_t judged_over() const;
  void judge() const;
  [[noreturn]] void stop(std::string what, std::string hint) const;
  void count(const Encoding& encoding);

  const Source& source;
  LoaderOptions options;
  SampleMaker maker;
  BadSamples bad;
  StreamShare share;
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
    ++seen;
    if (!sample.failures.empty()) pass_over(sample.failures[0]);
    if (!sample.usable && options.training) replace();
    if (!sample.usable) continue;
    bad_in_a_row = 0;
    return true;
  }
  return false;
}

/// Goes on looking for a substitute where the threads gave up.
void Loader::Implementation::replace() {
  const uint64_t position = share.position(seen - 1);
  while (!sample.usable && maker.try_further(position, sample)) {
  }
  if (sample.usable) return;
  for (size_t i = 1; i < sample.failures.size(); ++i) bad.add(sample.failures[i]);
  stop(fmt::format("all {} samples are invalid", maker.order().epoch_size()),
       "check path, image_root and the keys of the data source");
}

void Loader::Implementation::pass_over(const BadSample& failure) {
  ++bad_in_a_row;
  bad.add(failure);
  judge();
}

/// The number of samples that the invalid ones are a share of. Were it `seen` alone, one that
/// comes early in its epoch would stop a run that is within its limit.
uint64_t Loader::Implementation::judged_over() const {
  const uint64_t size = maker.order().epoch_size();
  if (size > kJudgedOver) return std::max(seen, kJudgedOver);
  return (share.position(seen - 1) / size - share.start / size + 1) * size;
}

void Loader::Implementation::judge() const {
  if (!options.training && bad_in_a_row >= static_cast<uint64_t>(source.size())) {
    stop(fmt::format("all {} samples are invalid", source.size()),
         "check path, image_root and the keys of the data source");
  }
  const double limit = options.max_bad_ratio * static_cast<double>(judged_over());
  if (seen < kJudgedFrom || static_cast<double>(bad.total()) <= limit) return;
  stop(fmt::format("{} of the first {} samples are invalid", bad.total(), seen),
       "repair or remove them, or raise data.max_bad_ratio");
}

void Loader::Implementation::stop(std::string what, std::string hint) const {
  throw Error(ErrorKind::kData,
              {.what = std::move(what),
               .expected = fmt::format("at most {:g} % (data.max_bad_ratio = {:g})",
                                       options.max_bad_ratio * 100, options.max_bad_ratio),
               .found = bad.summary(),
               .hint = std::move(hint)});
}

void Loader::Implementation::count(const Encoding& encoding) {
  ++stats.good;
  stats.truncated_captions += encoding.truncated ? 1 : 0;
  stats.unknown_pieces += static_cast<uint64_t>(encoding.unknown);
  stats.pieces += encoding.ids.size() - std::min<size_t>(encoding.ids.size(), 2);
  if (warned_of_unknown || stats.pieces < kPiecesJudgedFrom) return;
  const std::string warning = unknown_pieces_warning(stats);
  warned_of_unknown = !warning.empty();
  if (warned_of_unknown) log_warn(warning);
}

Batch Loader::Implementation::next() {
  const int64_t size = options.image_size;
  const auto bytes = static_cast<size_t>(3 * size * size);
  const int64_t wanted =
      options.training ? options.batch_size / options.world_size : options.batch_size;
  Batch batch;
  batch.images =
      torch::empty({wanted, 3, size, size},
                   torch::TensorOptions().dtype(torch::kUInt8).pinned_memory(options.pin_memory));
  auto* out = batch.images.data_ptr<uint8_t>();
  std::vector<std::vector<int32_t>> texts;
  std::vector<int64_t> image_groups;
  std::vector<int64_t> text_groups;
  while (static_cast<int64_t>(texts.size()) < wanted && take_usable()) {
    std::memcpy(out + texts.size() * bytes, sample.pixels.data(), bytes);
    count(sample.encoding);
    texts.push_back(std::move(sample.encoding.ids));
    batch.keys.push_back(sample.key);
    batch.indices.push_back(sample.index);
    image_groups.push_back(sample.image_group);
    text_groups.push_back(sample.text_group);
  }
  batch.images = batch.images.slice(0, 0, static_cast<int64_t>(texts.size()));  // [B, 3, S, S]
  batch.tokens = pack_tokens(texts, options.pin_memory);
  const auto ids = [&](const std::vector<int64_t>& values) {
    const torch::Tensor found = torch::tensor(values, torch::kInt64);
    return options.pin_memory ? found.pin_memory() : found;
  };
  batch.image_groups = ids(image_groups);  // [B]
  batch.text_groups = ids(text_groups);    // [B]
  batch.next_position = share.behind(seen);
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
