#include "data/shards/shard_samples.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace {

/// The last ones are not decoded, which the sample's message then says.
constexpr std::array<std::string_view, 12> kPictures = {
    "jpg", "jpeg", "png", "webp", "bmp", "jpe", "jfif", "gif", "tif", "tiff", "heic", "avif"};

/// `__name__` at the top, or a folder of that name.
bool is_metadata(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('/'));
  return first.size() >= 4 && first.starts_with("__") && first.ends_with("__");
}

uint32_t block_of(uint64_t offset) {
  if (offset / kTarBlock <= UINT32_MAX) return static_cast<uint32_t>(offset / kTarBlock);
  throw Error(ErrorKind::kData, ErrorText{.what = "the shard is larger than 2 TiB",
                                          .hint = "split it with clip-data shard"});
}

}  // namespace

MemberName split_member_name(std::string_view name) {
  const size_t slash = name.rfind('/');
  const size_t base = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = name.find('.', base);
  if (dot == std::string_view::npos || dot == base) return {};
  MemberName parts{.key = name.substr(0, dot), .extension = std::string(name.substr(dot + 1))};
  for (char& c : parts.extension)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return parts;
}

std::string_view ShardSamples::key(size_t sample) const {
  const size_t begin = sample == 0 ? 0 : entries_[sample - 1].key_end;
  return std::string_view(keys_).substr(begin, entries_[sample].key_end - begin);
}

std::string ShardSamples::hash() const {
  std::vector<uint32_t> places;
  places.reserve(entries_.size() * (2 * kShardParts + 1));
  for (const Entry& entry : entries_) {
    for (const PartPlace& part : entry.parts) places.insert(places.end(), {part.block, part.size});
    places.push_back(entry.key_end);
  }
  return content_hash(keys_) + content_hash({reinterpret_cast<const char*>(places.data()),
                                             places.size() * sizeof(uint32_t)});
}

/// Takes members one by one and closes a sample when the next one begins.
class ShardGrouper {
 public:
  explicit ShardGrouper(ShardOddities& oddities) : oddities_(oddities) {}

  void add(const IndexedMember& member) {
    if (is_metadata(member.name)) return;
    MemberName name = split_member_name(member.name);
    if (name.key.empty()) {
      ++oddities_["name without key or extension"];
      return;
    }
    const bool goes_on = has_open_ && name.key == open_key();
    const bool repeated =
        goes_on && std::count(extensions_.begin(), extensions_.end(), name.extension) > 0;
    if (repeated) ++oddities_["repeated extension"];
    if (!goes_on || repeated) begin(name.key, repeated);
    place(member, name.extension);
    extensions_.push_back(std::move(name.extension));
  }

  ShardSamples finish(const TarIndex& index) {
    if (!index.problem.empty() && has_open_) {
      const std::string_view cut = split_member_name(index.cut_name).key;
      if (cut.empty() ? !is_whole() : cut == open_key()) drop_open();
    }
    samples_.keys_.shrink_to_fit();
    samples_.entries_.shrink_to_fit();
    return std::move(samples_);
  }

 private:
  [[nodiscard]] std::string_view open_key() const {
    return samples_.key(samples_.entries_.size() - 1);
  }

  /// Whether the open sample has an image and something to say about it: what a cut in the next
  /// header takes is then at most a further part.
  [[nodiscard]] bool is_whole() const {
    const auto& parts = samples_.entries_.back().parts;
    const auto has = [&](ShardPart part) { return parts[static_cast<size_t>(part)].exists(); };
    return has(ShardPart::kPicture) &&
           (has(ShardPart::kText) || has(ShardPart::kJson) || has(ShardPart::kLabel));
  }

  void begin(std::string_view key, bool repeated) {
    if (!seen_.insert(hash_bytes(key)).second && !repeated) ++oddities_["key not consecutive"];
    samples_.keys_ += key;
    if (samples_.keys_.size() > UINT32_MAX)
      throw Error(ErrorKind::kData, "the keys of one shard are longer than 4 GiB");
    samples_.entries_.emplace_back().key_end = static_cast<uint32_t>(samples_.keys_.size());
    extensions_.clear();
    picture_rank_ = kPictures.size();
    has_open_ = true;
  }

  void place(const IndexedMember& member, const std::string& extension) {
    const PartPlace where{.block = block_of(member.offset),
                          .size = static_cast<uint32_t>(member.size),
                          .check = static_cast<uint32_t>(member.hash)};
    auto& parts = samples_.entries_.back().parts;
    const auto put = [&](ShardPart part) { parts[static_cast<size_t>(part)] = where; };
    if (extension == "txt") put(ShardPart::kText);
    if (extension == "json") put(ShardPart::kJson);
    if (extension == "cls") put(ShardPart::kLabel);
    const auto* found = std::find(kPictures.begin(), kPictures.end(), extension);
    const auto rank = static_cast<size_t>(found - kPictures.begin());
    if (rank >= picture_rank_) return;
    put(ShardPart::kPicture);
    picture_rank_ = rank;
  }

  void drop_open() {
    samples_.entries_.pop_back();
    samples_.keys_.resize(samples_.entries_.empty() ? 0 : samples_.entries_.back().key_end);
    has_open_ = false;
  }

  ShardOddities& oddities_;
  ShardSamples samples_;
  bool has_open_ = false;
  std::vector<std::string> extensions_;  ///< Of the open sample.
  size_t picture_rank_ = 0;
  std::unordered_set<uint64_t> seen_;
};

ShardSamples group_members(const TarIndex& index, ShardOddities& oddities) {
  ShardGrouper grouper(oddities);
  for (const IndexedMember& member : index.members) grouper.add(member);
  return grouper.finish(index);
}

}  // namespace tandem
