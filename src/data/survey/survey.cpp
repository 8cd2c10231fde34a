#include "tandem/data/survey.h"
#include "tandem/core/error.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <mutex>
#include <string_view>

#include "data/stream/parallel.h"
#include "tandem/core/hash.h"
#include "tandem/core/library_error.h"
#include "tandem/core/random.h"
#include "tandem/core/text.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

constexpr int64_t kChunk = 64;
constexpr size_t kExamples = 3;
constexpr size_t kMembers = 4;

struct Hashed {
  uint64_t hash = 0;
  int64_t index = 0;
  friend bool operator<(const Hashed& a, const Hashed& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.index < b.index;
  }
};

struct Unusable {
  int64_t index = 0;
  std::string reason = {};
  std::string message = {};
};

struct Odd {
  uint64_t count = 0;
  int64_t first = INT64_MAX;  ///< Index of the first sample.

  void add(uint64_t more, int64_t index) {
    count += more;
    first = std::min(first, index);
  }
};

/// What is found in some of the samples.
struct Findings {
  DataSurvey survey = {};
  std::vector<Hashed> pictures = {};
  std::vector<Hashed> captions = {};
  std::vector<Unusable> unusable = {};
  std::map<std::string, Odd> odd = {};
};

uint64_t hash_of(const Image& image) {
  const auto* bytes = reinterpret_cast<const char*>(image.pixels.data());
  return mix_seed({hash_bytes(std::string_view(bytes, image.pixels.size())),
                   static_cast<uint64_t>(image.width)});
}

uint64_t count_words(std::string_view clean) {
  return clean.empty() ? 0 : 1 + static_cast<uint64_t>(std::count(clean.begin(), clean.end(), ' '));
}

bool has_inner_line_end(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos &&
         text.substr(first, last - first).find('\n') != std::string_view::npos;
}

void look_at_captions(const std::vector<std::string>& captions, int64_t index, Findings& found) {
  size_t filled = 0;
  for (const std::string& caption : captions) {
    const std::string clean = clean_caption(caption, std::string::npos);
    if (clean.empty()) continue;
    if (!is_utf8(caption)) found.odd["not UTF-8"].add(1, index);
    if (has_inner_line_end(caption)) found.odd["line ends inside"].add(1, index);
    ++filled;
    found.survey.caption_bytes.add(clean.size());
    found.survey.caption_words.add(count_words(clean));
    found.captions.push_back({hash_bytes(clean), index});
  }
  if (filled == 0)
    throw Error(ErrorKind::kData,
                ErrorText{.what = "the caption is empty", .reason = "empty caption"});
  found.survey.captions_per_sample.add(filled);
}

void count_class(int64_t class_index, Findings& found) {
  if (class_index >= 0) ++found.survey.per_class[static_cast<size_t>(class_index)];
}

void look_at(const Source& source, int64_t index, const SurveyOptions& options, Findings& found) {
  if (!options.pictures) {
    look_at_captions(source.captions(index), index, found);
    count_class(source.class_of(index), found);
    return;
  }
  // The seed of Source::captions and class_of, so that both ways of looking count the same.
  const RawSample sample = source.sample(index, 0);
  look_at_captions(sample.captions, index, found);
  found.survey.width.add(static_cast<uint64_t>(sample.image.width));
  found.survey.height.add(static_cast<uint64_t>(sample.image.height));
  if (sample.image.is_large) ++found.survey.large;
  if (sample.image.has_oddity) ++found.survey.odd_jpegs;
  if (sample.image.transparent) ++found.survey.transparent;
  found.pictures.push_back({hash_of(sample.image), index});
  count_class(sample.class_index, found);
}

void look_at_guarded(const Source& source, int64_t index, const SurveyOptions& options,
                     Findings& found) {
  const auto reject = [&](std::string_view reason, const char* message) {
    found.unusable.push_back({index, std::string(reason), message});
  };
  try {
    look_at(source, index, options, found);
    ++found.survey.usable;
  } catch (const Error& error) {
    reject(error.reason(), error.what());
  } catch (const std::bad_alloc&) {
    reject("out of memory", "not enough memory for this sample");
  } catch (const std::exception& error) {
    reject("decoder failure", library_error(error).what());
  }
}

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

void merge(Findings& all, Findings& some) {
  all.survey.usable += some.survey.usable;
  all.survey.large += some.survey.large;
  all.survey.odd_jpegs += some.survey.odd_jpegs;
  all.survey.transparent += some.survey.transparent;
  all.survey.width.add(some.survey.width);
  all.survey.height.add(some.survey.height);
  all.survey.caption_bytes.add(some.survey.caption_bytes);
  all.survey.caption_words.add(some.survey.caption_words);
  all.survey.captions_per_sample.add(some.survey.captions_per_sample);
  for (size_t i = 0; i < some.survey.per_class.size(); ++i)
    all.survey.per_class[i] += some.survey.per_class[i];
  for (const auto& [what, odd] : some.odd) all.odd[what].add(odd.count, odd.first);
  append(all.pictures, some.pictures);
  append(all.captions, some.captions);
  append(all.unusable, some.unusable);
}

/// Groups equal hashes; `all` is sorted on the way.
Repeats find_repeats(std::vector<Hashed>& all, const Source& source) {
  std::sort(all.begin(), all.end());
  Repeats repeats;
  std::vector<std::pair<size_t, size_t>> groups;  // length and begin of the largest
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].hash == all[begin].hash) ++end;
    ++repeats.distinct;
    repeats.repeated += end - begin - 1;
    if (end - begin < 2) continue;
    groups.emplace_back(end - begin, begin);
    std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : all[a.second].index < all[b.second].index;
    });
    if (groups.size() > kExamples) groups.pop_back();
  }
  for (const auto& [length, begin] : groups) {
    auto& keys = repeats.examples.emplace_back();
    for (size_t i = 0; i < std::min(length, kMembers); ++i)
      keys.push_back(source.key(all[begin + i].index));
  }
  return repeats;
}

}  // namespace

void Spread::add(uint64_t value) {
  min = count == 0 ? value : std::min(min, value);
  max = std::max(max, value);
  ++count;
  sum += value;
  ++bins[static_cast<size_t>(std::bit_width(value))];
}

void Spread::add(const Spread& other) {
  if (other.count == 0) return;
  min = count == 0 ? other.min : std::min(min, other.min);
  max = std::max(max, other.max);
  count += other.count;
  sum += other.sum;
  for (size_t i = 0; i < bins.size(); ++i) bins[i] += other.bins[i];
}

DataSurvey survey(const Source& source, const SurveyOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  Findings all;
  all.survey.samples = source.size();
  all.survey.per_class.resize(source.class_names().size());
  std::mutex mutex;
  parallel_for((source.size() + kChunk - 1) / kChunk, options.threads, [&](int64_t chunk) {
    Findings some;
    some.survey.per_class.resize(source.class_names().size());
    const int64_t end = std::min((chunk + 1) * kChunk, source.size());
    for (int64_t index = chunk * kChunk; index < end; ++index)
      look_at_guarded(source, index, options, some);
    const std::lock_guard lock(mutex);
    merge(all, some);
  });
  std::sort(all.unusable.begin(), all.unusable.end(),
            [](const Unusable& a, const Unusable& b) { return a.index < b.index; });
  for (const Unusable& each : all.unusable) {
    UnusableCount& reason = all.survey.unusable[each.reason];
    ++reason.count;
    const std::string key = source.key(each.index);
    const bool named = each.message.find(key) != std::string::npos;
    if (reason.examples.size() < kExamples)
      reason.examples.push_back(named ? each.message : key + ": " + each.message);
  }
  for (const auto& [what, odd] : all.odd)
    all.survey.odd_captions[what] = {.count = odd.count, .first = source.key(odd.first)};
  all.survey.pictures = find_repeats(all.pictures, source);
  all.survey.captions = find_repeats(all.captions, source);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  all.survey.seconds = took.count();
  return std::move(all.survey);
}

}  // namespace tandem
