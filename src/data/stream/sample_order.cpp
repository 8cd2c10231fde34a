#include "data/stream/sample_order.h"

#include <algorithm>
#include <numeric>

#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr uint64_t kDrawStream = 0x64726177;  // drawing with replacement

/// A step near the golden section that meets every place of a round of `size`: substitutes come
/// from far away, so seldom from the same batch, and different places get different ones.
uint64_t coprime_stride(uint64_t size) {
  constexpr double kGolden = 0.6180339887498949;
  auto stride = static_cast<uint64_t>(static_cast<double>(size) * kGolden);
  stride = std::max<uint64_t>(stride, 1);
  while (std::gcd(stride, size) != 1) --stride;
  return stride;
}

}  // namespace

SampleOrder::SampleOrder(const Source& source, const SampleOrderOptions& options)
    : source_(source),
      options_(options),
      epoch_size_(static_cast<uint64_t>(options.training ? source.epoch_size() : source.size())),
      stride_(coprime_stride(std::max<uint64_t>(epoch_size_, 1))) {}

StreamSample SampleOrder::at(uint64_t position, uint64_t attempt) const {
  const uint64_t epoch = position / epoch_size_;
  const uint64_t own = position % epoch_size_;
  const uint64_t place = (own + attempt % epoch_size_ * stride_) % epoch_size_;
  StreamSample sample{.index = static_cast<int64_t>(place), .epoch = epoch};
  if (options_.training) {
    const uint64_t slot =
        options_.with_replacement
            ? Random(mix_seed({options_.seed, epoch, kDrawStream, place})).below(epoch_size_)
            : Permutation(epoch_size_, mix_seed({options_.seed, epoch}))(place);
    sample.index = source_.epoch_index({.epoch = epoch, .slot = slot, .seed = options_.seed});
  }
  const auto index = static_cast<uint64_t>(sample.index);
  const bool may_repeat = options_.training && (options_.with_replacement || source_.may_repeat());
  sample.seed = may_repeat ? mix_seed({options_.seed, epoch, index, own})
                           : mix_seed({options_.seed, epoch, index});
  return sample;
}

}  // namespace tandem
