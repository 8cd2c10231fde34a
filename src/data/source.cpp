#include "tandem/data/source.h"

#include "data/manifest.h"
#include "tandem/core/error.h"
#include "tandem/data/shapes.h"
#include "tandem/text/tokenizer.h"

namespace tandem {
namespace {

void require_path(const SourceOptions& options) {
  if (!options.path.empty()) return;
  throw Error(ErrorKind::kConfig, {.what = "the data source has no path",
                                   .where = "path",
                                   .expected = "a manifest file, or a folder for kind folder"});
}

std::vector<std::string> usable_captions(const Source& source, int64_t index) {
  try {
    return source.captions(index);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::unique_ptr<Source> open_source(const SourceOptions& options, const SourceContext& context) {
  switch (options.kind) {
    case SourceKind::kShapes: return make_shapes_source(options.shapes, context.image_size);
    case SourceKind::kTable:
    case SourceKind::kJsonl: require_path(options); return make_manifest_source(options, context);
    case SourceKind::kFolder: require_path(options); return make_folder_source(options, context);
    case SourceKind::kNone: break;
  }
  throw Error(ErrorKind::kConfig, {.what = "no data source is set",
                                   .where = "kind",
                                   .expected = "table, jsonl, folder or shapes"});
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
