#include <algorithm>

#include <fmt/format.h>

#include "data/manifest/manifest.h"
#include "data/mixture.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr uint64_t kMixtureStream = 0x6D69780000000000;  // apart from the loader's own streams

/// Several sources one after the other; an epoch visits each as often as its weight says.
class MixtureSource : public Source {
 public:
  MixtureSource(const SourceOptions& options, const SourceContext& context) {
    const MixtureFile file = read_mixture(options.path);
    std::vector<double> weights;
    for (const MixtureEntry& entry : file.entries) {
      refuse_nesting(entry, options);
      parts_.push_back({.source = open_source(entry.source, context), .begin = size_});
      size_ += parts_.back().source->size();
      weights.push_back(entry.weight);
    }
    epoch_size_ = file.samples_per_epoch > 0 ? file.samples_per_epoch : size_;
    const std::vector<int64_t> counts = share_out(epoch_size_, weights);
    std::string identity = "mixture";
    int64_t slot = 0;
    for (size_t i = 0; i < parts_.size(); ++i) {
      parts_[i].slots = counts[i];
      parts_[i].first_slot = slot;
      slot += counts[i];
      identity += fmt::format("\n{} {}", counts[i], parts_[i].source->fingerprint());
      tell(file.entries[i], parts_[i]);
    }
    fingerprint_ = content_hash(identity);
    share_classes();
  }

  [[nodiscard]] int64_t size() const override { return size_; }
  [[nodiscard]] RawSample sample(int64_t index, uint64_t seed) const override {
    const Part& part = part_of(index);
    RawSample sample = part.source->sample(index - part.begin, seed);
    if (classes_.empty()) sample.class_index = -1;
    return sample;
  }
  [[nodiscard]] std::string key(int64_t index) const override {
    const Part& part = part_of(index);
    return part.source->key(index - part.begin);
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    const Part& part = part_of(index);
    return part.source->captions(index - part.begin);
  }
  [[nodiscard]] int64_t class_of(int64_t index) const override {
    const Part& part = part_of(index);
    return classes_.empty() ? -1 : part.source->class_of(index - part.begin);
  }
  [[nodiscard]] std::string picture_file(int64_t index, uint64_t seed) const override {
    const Part& part = part_of(index);
    return part.source->picture_file(index - part.begin, seed);
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

  [[nodiscard]] int64_t epoch_size() const override { return epoch_size_; }
  [[nodiscard]] bool may_repeat() const override { return true; }

  /// Each source is one endless stream of shuffled rounds; an epoch takes the next `slots` of it.
  [[nodiscard]] int64_t epoch_index(const EpochSlot& at) const override {
    const auto number = static_cast<size_t>(
        std::upper_bound(parts_.begin(), parts_.end(), static_cast<int64_t>(at.slot),
                         [](int64_t slot, const Part& part) { return slot < part.first_slot; }) -
        parts_.begin() - 1);
    const Part& part = parts_[number];
    const auto size = static_cast<uint64_t>(part.source->size());
    const uint64_t position = at.epoch * static_cast<uint64_t>(part.slots) + at.slot -
                              static_cast<uint64_t>(part.first_slot);
    const Permutation order(size, mix_seed({at.seed, kMixtureStream + number, position / size}));
    return part.begin + static_cast<int64_t>(order(position % size));
  }

 private:
  struct Part {
    std::unique_ptr<Source> source = {};
    int64_t begin = 0;  ///< Index of its first sample here.
    int64_t slots = 0;  ///< Samples of it in an epoch.
    int64_t first_slot = 0;
  };

  static void refuse_nesting(const MixtureEntry& entry, const SourceOptions& options) {
    if (entry.source.kind != SourceKind::kMixture) return;
    throw Error(ErrorKind::kConfig, {.what = "a mixture within a mixture",
                                     .where = options.path,
                                     .hint = "name its sources here, with their weights"});
  }

  static void tell(const MixtureEntry& entry, const Part& part) {
    log_info(fmt::format("{} of {} samples of {} in every epoch.", part.slots, part.source->size(),
                         entry.source.path.empty() ? "shapes" : entry.source.path));
  }

  void share_classes() {
    classes_ = parts_[0].source->class_names();
    for (const Part& part : parts_)
      if (part.source->class_names() != classes_) classes_.clear();
  }

  [[nodiscard]] const Part& part_of(int64_t index) const {
    const auto behind =
        std::upper_bound(parts_.begin(), parts_.end(), index,
                         [](int64_t wanted, const Part& part) { return wanted < part.begin; });
    return *(behind - 1);
  }

  std::vector<Part> parts_;
  int64_t size_ = 0;
  int64_t epoch_size_ = 0;
  std::vector<std::string> classes_;
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<Source> make_mixture_source(const SourceOptions& options,
                                            const SourceContext& context) {
  return std::make_unique<MixtureSource>(options, context);
}

}  // namespace tandem
