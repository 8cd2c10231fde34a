#include "data/files/shard_files.h"

#include <chrono>
#include <thread>

#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr std::array<std::chrono::milliseconds, 3> kPauses = {
    std::chrono::milliseconds(10), std::chrono::milliseconds(100), std::chrono::milliseconds(1000)};

}  // namespace

std::shared_ptr<const FileReader> ShardFiles::open(size_t shard) const {
  Slot& slot = slots_[shard % kSlots];
  const std::lock_guard lock(slot.mutex);
  if (slot.shard != shard || !slot.file) {
    slot.file = std::make_shared<const FileReader>(paths_[shard]);
    slot.shard = shard;
  }
  return slot.file;
}

void ShardFiles::close(size_t shard) const {
  Slot& slot = slots_[shard % kSlots];
  const std::lock_guard lock(slot.mutex);
  if (slot.shard == shard) slot.file.reset();
}

std::string ShardFiles::read_once(size_t shard, uint64_t offset, size_t bytes) const {
  const auto file = open(shard);
  if (file->stamp() != stamps_[shard]) {
    throw Error(ErrorKind::kData, {.what = "the shard was changed since it was opened",
                                   .where = paths_[shard].string(),
                                   .hint = "start again once it is complete",
                                   .reason = "shard changed"});
  }
  return file->read(offset, bytes);
}

std::string ShardFiles::read(size_t shard, uint64_t offset, size_t bytes) const {
  for (size_t attempt = 0;; ++attempt) {
    try {
      return read_once(shard, offset, bytes);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kData) throw;  // another attempt would find the same
      close(shard);
      if (attempt < kPauses.size()) {
        std::this_thread::sleep_for(kPauses[attempt]);
        continue;
      }
      ErrorText text = error.text();
      text.reason = error.kind() == ErrorKind::kMissingInput ? "missing file" : "read error";
      throw Error(error.kind(), std::move(text));
    }
  }
}

}  // namespace tandem
