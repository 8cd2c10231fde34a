#include "data/shards/shard_samples.h"
#include "data/shards/tar_index.h"
#include "fuzz/memory_file.h"
#include "tandem/core/error.h"

/// Any bytes as a tar: members lie inside the file, and every sample's parts can be read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tandem::MemoryFile file(data, size);
  try {
    const tandem::TarIndex index = tandem::scan_tar(file.path(), true);
    tandem::ShardOddities oddities;
    const tandem::ShardSamples samples = tandem::group_members(index, oddities);
    for (const tandem::IndexedMember& member : index.members)
      if (member.offset > size || member.size > size - member.offset) std::abort();
    for (size_t i = 0; i < samples.size(); ++i)
      if (samples.key(i).empty()) std::abort();
    (void)samples.hash();
  } catch (const tandem::Error&) {  // a named error is the right answer to most bytes
  }
  return 0;
}
