#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "data/rows/json_captions.h"
#include "data/rows/text_rows.h"
#include "tandem/core/error.h"
#include "tandem/data/source.h"

namespace tandem {

class ParquetPictures;

/// A manifest as read: every row is an image's path as written, then its captions. Rows in `bad`
/// keep their place, so that a repaired file has the same numbers, but hold nothing.
struct ManifestRows {
  TextRows rows = {};
  std::map<int64_t, ErrorText> bad = {};  ///< Why a row cannot be used; `where` is `file:line`.
  std::filesystem::path folder = {};  ///< Where relative paths start; empty for the file's folder.
  std::shared_ptr<const ParquetPictures> pictures =
      {};  ///< Of manifests that hold them; a path then names one that is null there.
};

/// Adds a row. `tagged` puts the number of its language in front of every caption, as one byte.
void add_row(TextRows& rows, std::string_view image, const CaptionSet& captions, bool tagged);
/// The captions of a row that add_row made.
[[nodiscard]] CaptionSet captions_of_row(const TextRows& rows, int64_t row, bool tagged);

/// Reads a table (options.separator, image_key, caption_key). Throws kMissingInput, kConfig for the
/// separator, and kData with line number and columns found.
[[nodiscard]] ManifestRows read_table(const SourceOptions& options);

/// Reads one JSON object per line (image_key; caption_key or languages). Lines that cannot be used
/// become bad records; throws kMissingInput, and kData when no line can be used.
[[nodiscard]] ManifestRows read_jsonl(const SourceOptions& options);

/// Reads a caption file: COCO, Karpathy's splits, Flickr, or a list of objects as BLIP's; which of
/// them is seen from its content and logged (docs/data.md). Throws kMissingInput, and kData with
/// the place.
[[nodiscard]] ManifestRows read_caption_file(const SourceOptions& options);

/// Reads Parquet files (`path` as for shards; image_key, caption_key). Rows without a caption or a
/// path become bad records; throws kMissingInput, and kData with the columns found.
[[nodiscard]] ManifestRows read_parquet(const SourceOptions& options);

/// Sources of the kinds table, jsonl, parquet and captions; folder; files; wds; mixture.
[[nodiscard]] std::unique_ptr<Source> make_manifest_source(const SourceOptions& options,
                                                           const SourceContext& context);
[[nodiscard]] std::unique_ptr<Source> make_folder_source(const SourceOptions& options,
                                                         const SourceContext& context);
[[nodiscard]] std::unique_ptr<Source> make_files_source(const SourceOptions& options,
                                                        const SourceContext& context);
[[nodiscard]] std::unique_ptr<Source> make_wds_source(const SourceOptions& options,
                                                      const SourceContext& context);
[[nodiscard]] std::unique_ptr<Source> make_mixture_source(const SourceOptions& options,
                                                          const SourceContext& context);

}  // namespace tandem
