#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "data/files/picture_root.h"
#include "data/manifest/manifest.h"
#include "data/manifest/parquet_pictures.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/image/sniff.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kProbedRows = 16;

/// How many of a few rows' relative images are found under `folder`.
int64_t count_found(const ManifestRows& manifest, const fs::path& folder) {
  const int64_t rows = manifest.rows.size();
  const int64_t probes = std::min(rows, kProbedRows);
  int64_t found = 0;
  for (int64_t probe = 0; probe < probes; ++probe) {
    const int64_t row = probe * rows / probes;
    if (manifest.bad.count(row) != 0) continue;
    const fs::path written = expand_home(manifest.rows.at(row, 0));
    std::error_code error;
    if (written.is_relative() && fs::exists(folder / written, error)) ++found;
  }
  return found;
}

/// The rule of docs/data.md: image_root, else the manifest's folder, else the working directory.
fs::path choose_folder(const ManifestRows& manifest, const SourceOptions& options) {
  if (!options.image_root.empty()) return options.image_root;
  const fs::path beside =
      manifest.folder.empty() ? fs::absolute(options.path).parent_path() : manifest.folder;
  const fs::path here = fs::current_path();
  if (beside.lexically_normal() == here || count_found(manifest, beside) > 0) {
    log_debug(fmt::format("{}: image paths are relative to the manifest's folder, {}.",
                          options.path, beside.string()));
    return beside;
  }
  if (count_found(manifest, here) == 0) return beside;
  log_info(fmt::format(
      "{}: no images beside the manifest; image paths are relative to the working directory, {}.",
      options.path, here.string()));
  return here;
}

class ManifestSource : public Source {
 public:
  ManifestSource(ManifestRows manifest, const SourceOptions& options, const SourceContext& context)
      : manifest_(std::move(manifest)),
        root_(choose_folder(manifest_, options), context.allow_outside_root),
        transform_(context.transform),
        options_(options),
        fingerprint_(content_hash("manifest " + manifest_.rows.hash() +
                                  (manifest_.pictures ? manifest_.pictures->hash() : ""))) {}

  [[nodiscard]] int64_t size() const override { return manifest_.rows.size(); }

  [[nodiscard]] RawSample sample(int64_t index, uint64_t) const override {
    refuse_bad(index);
    RawSample sample;
    sample.key = key(index);
    const std::optional<std::string> content = stored(index);
    sample.image = content ? decode_image(*content, transform_)
                           : load_image(root_.locate(manifest_.rows.at(index, 0)), transform_);
    CaptionSet captions = captions_of_row(manifest_.rows, index, is_tagged());
    sample.caption_weights = caption_weights(options_, captions.languages);
    sample.captions = std::move(captions.texts);
    return sample;
  }

  [[nodiscard]] std::string picture_file(int64_t index, uint64_t) const override {
    refuse_bad(index);
    std::optional<std::string> content = stored(index);
    return content ? *std::move(content)
                   : read_image_file(root_.locate(manifest_.rows.at(index, 0)));
  }

  [[nodiscard]] std::string key(int64_t index) const override {
    const auto bad = manifest_.bad.find(index);
    if (bad != manifest_.bad.end()) return bad->second.where;
    if (manifest_.pictures) return manifest_.pictures->name(index);
    return std::string(manifest_.rows.at(index, 0));
  }

  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    refuse_bad(index);
    return captions_of_row(manifest_.rows, index, is_tagged()).texts;
  }

  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  [[nodiscard]] bool is_tagged() const { return !options_.languages.empty(); }

  /// The image's bytes where the manifest holds them.
  [[nodiscard]] std::optional<std::string> stored(int64_t index) const {
    if (!manifest_.pictures) return std::nullopt;
    std::optional<std::string> content = manifest_.pictures->read(index);
    if (!content && manifest_.rows.at(index, 0).empty())
      throw Error(ErrorKind::kData,
                  ErrorText{.what = "no image in this row", .reason = "missing image"});
    return content;
  }

  void refuse_bad(int64_t index) const {
    const auto bad = manifest_.bad.find(index);
    if (bad != manifest_.bad.end()) throw Error(ErrorKind::kData, bad->second);
  }

  ManifestRows manifest_;
  PictureRoot root_;
  ImageTransformOptions transform_;
  SourceOptions options_;
  std::vector<std::string> classes_;
  std::string fingerprint_;
};

// By its first bytes; by its name where it is no file that can be looked into, as a pattern.
bool is_parquet(const std::string& path) {
  constexpr std::string_view kMagic = "PAR1";
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return fs::path(path).extension() == ".parquet";
  std::string begin(kMagic.size(), '\0');
  std::ifstream(path, std::ios::binary)
      .read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin == kMagic;
}

void refuse_parquet(const SourceOptions& options) {
  if (!is_parquet(options.path)) return;
  throw Error(ErrorKind::kConfig, {.what = "a Parquet file, which this kind of source cannot read",
                                   .where = options.path,
                                   .hint = R"(set the source's kind to "parquet")"});
}

ManifestRows read_manifest(const SourceOptions& options) {
  if (options.kind != SourceKind::kParquet) refuse_parquet(options);
  switch (options.kind) {
    case SourceKind::kTable: return read_table(options);
    case SourceKind::kJsonl: return read_jsonl(options);
    case SourceKind::kParquet: return read_parquet(options);
    default: return read_caption_file(options);
  }
}

}  // namespace

std::unique_ptr<Source> make_manifest_source(const SourceOptions& options,
                                             const SourceContext& context) {
  return std::make_unique<ManifestSource>(read_manifest(options), options, context);
}

}  // namespace tandem
