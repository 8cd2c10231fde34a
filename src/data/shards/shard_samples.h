#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "data/shards/tar_index.h"
#include "io/tar/tar_reader.h"

namespace tandem {

enum class ShardPart : uint8_t { kPicture, kText, kJson, kLabel };
inline constexpr size_t kShardParts = 4;

/// Where one part of a sample lies in its shard; block 0 says that it is not there.
struct PartPlace {
  uint32_t block = 0;  ///< Offset in units of kTarBlock.
  uint32_t size = 0;
  uint32_t check = 0;  ///< Lower half of the bytes' hash, 0 where it is not known.

  [[nodiscard]] bool exists() const { return block != 0; }
  [[nodiscard]] uint64_t offset() const { return uint64_t{block} * kTarBlock; }
};

/// The samples of one shard, about 52 bytes and the key for each.
class ShardSamples {
 public:
  [[nodiscard]] size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view key(size_t sample) const;
  [[nodiscard]] PartPlace part(size_t sample, ShardPart part) const {
    return entries_[sample].parts[static_cast<size_t>(part)];
  }
  /// Hash of the keys and of where the parts lie; of no content and no time.
  [[nodiscard]] std::string hash() const;

 private:
  friend class ShardGrouper;
  struct Entry {
    std::array<PartPlace, kShardParts> parts = {};
    uint32_t key_end = 0;
  };
  std::string keys_;
  std::vector<Entry> entries_;
};

/// How a shard departs from the format, counted: "name without key or extension", "repeated
/// extension", "key not consecutive".
using ShardOddities = std::map<std::string, uint64_t>;

/// Groups the members of a tar into samples by WebDataset's rules: the key is the name up to the
/// first dot after the last slash, what follows in lower case is the extension, and consecutive
/// members with one key are a sample. Names whose first part is `__…__` are metadata. An extension
/// that comes twice begins a new sample, as in open_clip. Of several images the first of jpg,
/// jpeg, png, webp, bmp, jpe, jfif, gif, tif, tiff, heic, avif counts. In a cut tar, the sample
/// that the cut goes through is left out; where that is not known, so is the last one that lacks an
/// image or all of text, json and label. Throws kData for a tar over 2 TiB.
[[nodiscard]] ShardSamples group_members(const TarIndex& index, ShardOddities& oddities);

/// A member's name, taken apart; the key is empty when it has none.
struct MemberName {
  std::string_view key = {};
  std::string extension = {};
};
[[nodiscard]] MemberName split_member_name(std::string_view name);

}  // namespace tandem
