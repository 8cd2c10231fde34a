#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "data/files/shard_list.h"
#include "data/manifest/manifest.h"
#include "data/manifest/parquet_pictures.h"
#include "io/files/file_reader.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

// Names that public data sets use, tried in this order where the key is the default and not there.
constexpr std::array<const char*, 8> kImageNames = {"image_path", "image", "jpg",  "png",
                                                    "webp",       "img",   "path", "file_name"};
constexpr std::array<const char*, 6> kCaptionNames = {"caption",  "text",  "TEXT",
                                                      "captions", "texts", "txt"};
constexpr size_t kShownColumns = 12;
constexpr size_t kShownBytes = 60;

std::string shown(const std::string& text) {
  return text.size() > kShownBytes ? text.substr(0, kShownBytes) + "…" : text;
}

std::string list(const std::vector<ParquetColumn>& columns) {
  std::string text;
  for (size_t i = 0; i < std::min(columns.size(), kShownColumns); ++i)
    text += fmt::format("{}\"{}\"", i == 0 ? "columns " : ", ", shown(columns[i].name));
  if (columns.size() > kShownColumns)
    text += fmt::format(" and {} more", columns.size() - kShownColumns);
  return text.empty() ? "no columns" : text;
}

std::optional<size_t> find_column(const std::vector<ParquetColumn>& columns,
                                  const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ParquetColumn& each) { return each.name == name; });
  if (found == columns.end()) return std::nullopt;
  return static_cast<size_t>(found - columns.begin());
}

/// A column by its key, or by a usual name where the key is the default.
template <size_t N>
size_t choose_column(const ParquetPart& part, const std::string& key, const char* option,
                     bool is_default, const std::array<const char*, N>& usual) {
  const auto& columns = part.file.columns();
  if (const auto found = find_column(columns, key)) return *found;
  for (const char* name : usual)
    if (const auto found = find_column(columns, name); found && is_default) return *found;
  const bool by_url = find_column(columns, "url") || find_column(columns, "URL");
  throw Error(ErrorKind::kData,
              {.what = fmt::format("no column \"{}\" ({})", shown(key), option),
               .where = part.path.string(),
               .found = list(columns),
               .hint = by_url && usual[0] == kImageNames[0]
                           ? "img2dataset, which downloads the images that a table names by URL"
                           : fmt::format("set {} to one of the columns found", option)});
}

[[noreturn]] void refuse_type(const ParquetPart& part, size_t column, const char* expected) {
  const ParquetColumn& found = part.file.columns()[column];
  throw Error(ErrorKind::kData,
              {.what = fmt::format("column \"{}\" has the wrong type", shown(found.name)),
               .where = part.path.string(),
               .expected = expected,
               .found = shown(found.type)});
}

bool holds_bytes(ParquetKind kind) {
  return kind == ParquetKind::kBytes || kind == ParquetKind::kPicture;
}

class ParquetManifest {
 public:
  explicit ParquetManifest(const SourceOptions& options) : options_(options) {}

  ManifestRows read() {
    const std::vector<std::string> paths = expand_shards(options_.path, ".parquet");
    for (const std::string& path : paths) add_file(path);
    if (manifest_.rows.size() == 0) {
      throw Error(ErrorKind::kData, {.what = "the file has no rows", .where = paths[0]});
    }
    if (stored_) manifest_.pictures = std::make_shared<const ParquetPictures>(std::move(parts_));
    manifest_.folder = std::filesystem::absolute(paths[0]).parent_path();
    manifest_.rows.shrink();
    return std::move(manifest_);
  }

 private:
  void add_file(const std::string& path) {
    const FileStamp stamp = FileReader(path).stamp();
    ParquetPart part{.path = path, .stamp = stamp, .file = ParquetFile(path)};
    const SourceOptions defaults;
    part.column = choose_column(part, options_.image_key, "image_key",
                                options_.image_key == defaults.image_key, kImageNames);
    const size_t caption =
        choose_column(part, options_.caption_key, "caption_key",
                      options_.caption_key == defaults.caption_key, kCaptionNames);
    check_types(part, caption);
    read_rows(part, caption);
    if (stored_) {
      part.pages = part.file.find_pages(part.column);
      parts_.push_back(std::move(part));
    }
  }

  void check_types(const ParquetPart& part, size_t caption) {
    const ParquetColumn& image = part.file.columns()[part.column];
    const ParquetKind text = part.file.columns()[caption].kind;
    if (image.kind != ParquetKind::kText && !holds_bytes(image.kind))
      refuse_type(part, part.column, "a path, an image's bytes, or a struct of bytes and path");
    if (text == ParquetKind::kPicture || text == ParquetKind::kOther)
      refuse_type(part, caption, "a string or a list of strings");
    if (manifest_.rows.size() > 0 && stored_ != holds_bytes(image.kind))
      refuse_type(part, part.column,
                  stored_ ? "images, as in the files before" : "paths, as in the files before");
    if (manifest_.rows.size() > 0) return;
    stored_ = holds_bytes(image.kind);
    log_info(fmt::format("{}: {} from column \"{}\", captions from column \"{}\".",
                         part.path.string(), stored_ ? "images" : "image paths", shown(image.name),
                         shown(part.file.columns()[caption].name)));
  }

  void read_rows(const ParquetPart& part, size_t caption) {
    const std::vector<size_t> columns = {std::min(part.column, caption),
                                         std::max(part.column, caption)};
    const size_t image_cell = part.column < caption ? 0 : 1;
    int64_t number = 0;
    part.file.read_texts(columns, [&](const std::vector<ParquetCell>& cells) {
      const ParquetCell& image = cells[image_cell];
      add(fmt::format("{}:{}", part.path.string(), ++number),
          image.empty() ? std::string() : image.front(), cells[1 - image_cell]);
    });
  }

  void add(const std::string& name, const std::string& image, const ParquetCell& texts) {
    const int64_t row = manifest_.rows.size();
    if (image.empty() && !stored_) return add_bad(row, name, "bad record", "no image path");
    if (texts.empty()) return add_bad(row, name, "missing caption", "no caption");
    add_row(manifest_.rows, image,
            {.texts = texts, .languages = std::vector<uint8_t>(texts.size())}, false);
  }

  void add_bad(int64_t row, const std::string& name, const char* reason, const char* what) {
    manifest_.rows.begin_row();
    manifest_.bad[row] = {.what = what, .where = name, .reason = reason};
  }

  const SourceOptions& options_;
  ManifestRows manifest_;
  std::vector<ParquetPart> parts_;
  bool stored_ = false;  ///< Images lie in the files themselves.
};

}  // namespace

ManifestRows read_parquet(const SourceOptions& options) { return ParquetManifest(options).read(); }

}  // namespace tandem
