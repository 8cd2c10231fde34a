#include "data/manifest/manifest.h"
#include "fuzz/memory_file.h"
#include "tandem/core/error.h"

/// Any bytes as a manifest; the first one chooses the kind.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const tandem::MemoryFile file(data + 1, size - 1);
  tandem::SourceOptions options;
  options.path = file.path();
  if ((data[0] & 4U) != 0) options.languages = {"en", "de"};
  if ((data[0] & 8U) != 0) options.separator = ",";
  try {
    const tandem::ManifestRows manifest = (data[0] & 3U) == 0 ? tandem::read_table(options)
                                          : (data[0] & 3U) == 1
                                              ? tandem::read_jsonl(options)
                                              : tandem::read_caption_file(options);
    for (int64_t row = 0; row < manifest.rows.size(); ++row) {
      if (manifest.bad.count(row) != 0) continue;
      (void)tandem::captions_of_row(manifest.rows, row, (data[0] & 3U) == 1 && (data[0] & 4U) != 0);
    }
  } catch (const tandem::Error&) {  // a named error is the right answer to most bytes
  }
  return 0;
}
