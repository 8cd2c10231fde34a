#include "data/stream/sample_maker.h"

#include <exception>
#include <new>
#include <numeric>

#include "tandem/core/error.h"
#include "tandem/core/hash.h"
#include "tandem/core/library_error.h"
#include "tandem/core/random.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

constexpr size_t kSubstitutes = 32;

/// Which of a sample's random streams; the source draws from the first.
enum Stream : uint64_t { kCaptionStream = 1, kAugmentStream = 2, kDropoutStream = 3 };

int64_t group_of(const Image& image) {
  const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()),
                               image.pixels.size());
  return static_cast<int64_t>(mix_seed({hash_bytes(bytes), static_cast<uint64_t>(image.width)}));
}

/// Place of the first caption to be tried.
size_t draw_caption(const RawSample& raw, uint64_t seed) {
  const size_t count = raw.captions.size();
  if (count < 2) return 0;
  if (raw.caption_weights.empty()) return static_cast<size_t>(Random(seed).below(count));
  const auto& weights = raw.caption_weights;
  double left = Random(seed).uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
  size_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    if ((left -= weights[i]) < 0) break;
  }
  return last;
}

}  // namespace

void SampleMaker::make(uint64_t position, PreparedSample& sample) const {
  sample.failures.clear();
  attempt(order_.at(position), sample);
  const size_t tries = options_.order.training ? kSubstitutes + 1 : 1;
  while (!sample.usable && sample.failures.size() < tries && try_further(position, sample)) {
  }
}

bool SampleMaker::try_further(uint64_t position, PreparedSample& sample) const {
  if (sample.failures.size() >= order_.epoch_size()) return false;
  attempt(order_.at(position, sample.failures.size()), sample);
  return true;
}

std::string SampleMaker::key(uint64_t position) const {
  return source_.key(order_.at(position).index);
}

void SampleMaker::attempt(const StreamSample& at, PreparedSample& sample) const {
  sample.usable = false;
  sample.index = at.index;
  sample.key.clear();
  const auto reject = [&](std::string_view reason, const char* message) {
    sample.failures.push_back({sample.key, std::string(reason), message, at.epoch});
  };
  try {
    sample.key = source_.key(sample.index);
    prepare(at, sample);
    sample.usable = true;
  } catch (const Error& error) {
    reject(error.reason(), error.what());
  } catch (const std::bad_alloc&) {
    reject("out of memory", "not enough memory for this sample");
  } catch (const std::exception& error) {
    reject("decoder failure", library_error(error).what());
  } catch (...) {
    reject("decoder failure", "unknown exception");
  }
}

void SampleMaker::prepare(const StreamSample& at, PreparedSample& sample) const {
  const RawSample raw = source_.sample(at.index, at.seed);
  sample.key = raw.key;
  encode(choose_caption(raw, at.seed), sample);
  sample.image_group = group_of(raw.image);
  const int64_t size = options_.image_size;
  const Image image =
      options_.order.training
          ? training_transform(raw.image, size, options_.transform, options_.augment,
                               mix_seed({at.seed, kAugmentStream}))
          : evaluation_transform(raw.image, size, options_.transform);
  sample.pixels.resize(static_cast<size_t>(3 * size * size));
  write_planar(image, sample.pixels.data());  // [3, S, S]
}

std::string SampleMaker::choose_caption(const RawSample& raw, uint64_t seed) const {
  const bool training = options_.order.training;
  const size_t count = raw.captions.size();
  const size_t first = training ? draw_caption(raw, mix_seed({seed, kCaptionStream})) : 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string& caption = raw.captions[(first + i) % count];
    if (clean_caption(caption).empty()) continue;
    const bool dropped =
        training && options_.caption_dropout > 0 &&
        Random(mix_seed({seed, kDropoutStream})).uniform() < options_.caption_dropout;
    return dropped ? "" : caption;
  }
  throw Error(ErrorKind::kData,
              ErrorText{.what = "the caption is empty", .reason = "empty caption"});
}

void SampleMaker::encode(const std::string& caption, PreparedSample& sample) const {
  const auto max_bytes = static_cast<size_t>(options_.max_caption_bytes);
  const std::string clean = clean_caption(caption, max_bytes);
  sample.text_group = static_cast<int64_t>(hash_bytes(clean));
  sample.encoding = tokenizer_.encode(clean, options_.context_length);
  constexpr size_t kLongestCharacter = 4;
  if (caption.size() > max_bytes && clean.size() + kLongestCharacter > max_bytes)
    sample.encoding.truncated = true;
}

}  // namespace tandem
