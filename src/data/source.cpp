#include "tandem/data/source.h"

#include "data/manifest/manifest.h"
#include "tandem/core/error.h"
#include "tandem/data/shapes.h"
#include "tandem/image/encode.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

void require_path(const SourceOptions& options) {
  if (!options.path.empty()) return;
  throw Error(ErrorKind::kConfig, {.what = "the data source has no path",
                                   .where = "path",
                                   .expected = "a manifest file, a folder for kinds folder and "
                                               "files, or shards for kind wds"});
}

std::vector<std::string> usable_captions(const Source& source, int64_t index) {
  try {
    return source.captions(index);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string Source::key(int64_t index) const { return "sample " + std::to_string(index); }

std::vector<std::string> Source::captions(int64_t index) const { return sample(index, 0).captions; }

const std::vector<std::string>& Source::class_names() const {
  static const std::vector<std::string> kNone;
  return kNone;
}

std::string Source::picture_file(int64_t index, uint64_t seed) const {
  return encode_png(sample(index, seed).image);
}

int64_t Source::class_of(int64_t index) const {
  return class_names().empty() ? -1 : sample(index, 0).class_index;
}

SourceContext source_context(const DataOptions& options, int64_t image_size) {
  return {.transform = options.transform,
          .allow_outside_root = options.allow_outside_root,
          .image_size = image_size,
          .allow_pipes = options.allow_pipes,
          .pipe_cache = options.pipe_cache};
}

std::unique_ptr<Source> open_source(const SourceOptions& options, const SourceContext& context) {
  switch (options.kind) {
    case SourceKind::kShapes: return make_shapes_source(options.shapes, context.image_size);
    case SourceKind::kTable:
    case SourceKind::kJsonl:
    case SourceKind::kParquet:
    case SourceKind::kCaptions:
      require_path(options);
      return make_manifest_source(options, context);
    case SourceKind::kWds: require_path(options); return make_wds_source(options, context);
    case SourceKind::kMixture: require_path(options); return make_mixture_source(options, context);
    case SourceKind::kFiles: require_path(options); return make_files_source(options, context);
    case SourceKind::kFolder: require_path(options); return make_folder_source(options, context);
    case SourceKind::kProgram:
      throw Error(ErrorKind::kConfig,
                  {.what = "a source of kind program comes from the program that trains",
                   .where = "kind",
                   .expected = "TrainerOptions::source, or another kind"});
    case SourceKind::kNone: break;
  }
  throw Error(
      ErrorKind::kConfig,
      {.what = "no data source is set",
       .where = "kind",
       .expected = "table, jsonl, parquet, captions, folder, files, wds, mixture or shapes"});
}

std::vector<std::string> collect_captions(const Source& source, int64_t limit) {
  std::vector<std::string> collected;
  for (int64_t index = 0; index < source.size(); ++index) {
    for (std::string& caption : usable_captions(source, index)) {
      if (static_cast<int64_t>(collected.size()) >= limit) return collected;
      if (!clean_caption(caption).empty()) collected.push_back(std::move(caption));
    }
  }
  return collected;
}

}  // namespace tandem
