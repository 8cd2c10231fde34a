#include "data/sample_maker.h"

#include <exception>
#include <new>

#include "data/unusable.h"
#include "tandem/core/random.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

/// Which of a sample's random streams; the source draws from the first.
enum Stream : uint64_t { kCaptionStream = 1, kAugmentStream = 2 };

void reject(PreparedSample& sample, std::string reason, const char* message) {
  sample.reason = std::move(reason);
  sample.message = message;
}

}  // namespace

void SampleMaker::make(uint64_t position, PreparedSample& sample) const {
  const auto size = static_cast<uint64_t>(source_.size());
  sample.epoch = position / size;
  const Permutation order(size, mix_seed({options_.seed, sample.epoch}));
  sample.index = static_cast<int64_t>(options_.training ? order(position % size) : position % size);
  sample.reason.clear();
  sample.message.clear();
  sample.key.clear();
  try {
    sample.key = source_.key(sample.index);
    prepare(sample);
  } catch (const Error& error) {
    reject(sample, unusable_reason(error, sample.key), error.what());
  } catch (const std::bad_alloc&) {
    reject(sample, "out of memory", "not enough memory for this sample");
  } catch (const std::exception& error) {
    reject(sample, "decoder failure", error.what());
  } catch (...) {
    reject(sample, "decoder failure", "unknown exception");
  }
}

void SampleMaker::prepare(PreparedSample& sample) const {
  const uint64_t seed =
      mix_seed({options_.seed, sample.epoch, static_cast<uint64_t>(sample.index)});
  const RawSample raw = source_.sample(sample.index, seed);
  sample.key = raw.key;
  sample.encoding = encode(choose_caption(raw.captions, mix_seed({seed, kCaptionStream})));
  const int64_t size = options_.image_size;
  const Image image = options_.training
                          ? training_transform(raw.image, size, options_.transform,
                                               options_.augment, mix_seed({seed, kAugmentStream}))
                          : evaluation_transform(raw.image, size, options_.transform);
  sample.pixels.resize(static_cast<size_t>(3 * size * size));
  write_planar(image, sample.pixels.data());  // [3, S, S]
}

std::string SampleMaker::choose_caption(const std::vector<std::string>& captions,
                                        uint64_t seed) const {
  const size_t count = captions.size();
  const size_t first =
      options_.training && count > 1 ? static_cast<size_t>(Random(seed).below(count)) : 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string& caption = captions[(first + i) % count];
    if (!clean_caption(caption).empty()) return caption;
  }
  throw UnusableSample(ErrorKind::kData, "empty caption", {.what = "the caption is empty"});
}

Encoding SampleMaker::encode(const std::string& caption) const {
  const auto max_bytes = static_cast<size_t>(options_.max_caption_bytes);
  const std::string clean = clean_caption(caption, max_bytes);
  Encoding encoding = tokenizer_.encode(clean, options_.context_length);
  constexpr size_t kLongestCharacter = 4;
  if (caption.size() > max_bytes && clean.size() + kLongestCharacter > max_bytes)
    encoding.truncated = true;
  return encoding;
}

}  // namespace tandem
