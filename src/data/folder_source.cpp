#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "data/caption_template.h"
#include "data/manifest.h"
#include "data/picture_root.h"
#include "data/unusable.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

struct Listing {
  TextRows files = {};  ///< One string per row: `class folder/file`.
  std::vector<int32_t> labels = {};
  std::vector<std::string> class_names = {};
  int64_t not_regular = 0;  ///< Pipes, sockets, broken or circular links with a picture's name.
};

bool has_picture_extension(const fs::path& path) {
  static constexpr std::array<std::string_view, 5> kExtensions = {".jpg", ".jpeg", ".png", ".webp",
                                                                  ".bmp"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

/// Names in `folder` that `accept` admits, sorted by their bytes; hidden ones never.
template <typename Accept>
std::vector<std::string> sorted_names(const fs::path& folder, Accept accept) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with('.') && accept(*entry)) names.push_back(std::move(name));
  }
  if (error) {
    throw Error(ErrorKind::kMissingInput,
                {.what = "cannot list the folder",
                 .where = folder.string(),
                 .found = access_problem(folder.string(), error.value())});
  }
  std::sort(names.begin(), names.end());
  return names;
}

Listing list_pictures(const fs::path& root) {
  Listing listing;
  const auto is_picture = [&listing](const fs::directory_entry& entry) {
    if (!has_picture_extension(entry.path()) || is_folder(entry)) return false;
    std::error_code error;
    const bool regular = entry.is_regular_file(error);
    if (!regular) ++listing.not_regular;
    return regular;
  };
  for (const std::string& folder : sorted_names(root, is_folder)) {
    const auto label = static_cast<int32_t>(listing.class_names.size());
    for (const std::string& file : sorted_names(root / folder, is_picture)) {
      listing.files.begin_row();
      listing.files.add(fmt::format("{}/{}", folder, file));
      listing.labels.push_back(label);
    }
    listing.class_names.push_back(folder);
  }
  listing.files.shrink();
  listing.labels.shrink_to_fit();
  return listing;
}

class FolderSource : public Source {
 public:
  FolderSource(const SourceOptions& options, const SourceContext& context)
      : root_(options.path, context.allow_outside_root),
        listing_(list_pictures(root_.folder())),
        transform_(context.transform) {
    std::string names;
    for (std::string& name : listing_.class_names) {
      std::replace(name.begin(), name.end(), '_', ' ');
      captions_.push_back(fill_caption(options.caption_template, name));
      names += captions_.back() + '\n';
    }
    fingerprint_ = content_hash("folder " + names + listing_.files.hash());
    report(options);
  }

  [[nodiscard]] int64_t size() const override { return listing_.files.size(); }

  [[nodiscard]] RawSample sample(int64_t index, uint64_t) const override {
    RawSample sample;
    sample.key = key(index);
    sample.image = load_image(root_.locate(sample.key), transform_);
    sample.captions = captions(index);
    sample.class_index = label(index);
    return sample;
  }

  [[nodiscard]] std::string key(int64_t index) const override {
    return std::string(listing_.files.at(index, 0));
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return {captions_[static_cast<size_t>(label(index))]};
  }
  [[nodiscard]] int64_t class_of(int64_t index) const override { return label(index); }
  [[nodiscard]] std::string picture_file(int64_t index, uint64_t) const override {
    return read_file(root_.locate(key(index)));
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override {
    return listing_.class_names;
  }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  [[nodiscard]] int32_t label(int64_t index) const {
    return listing_.labels[static_cast<size_t>(index)];
  }

  void report(const SourceOptions& options) const {
    if (listing_.not_regular > 0) {
      log_warn(
          fmt::format("{}: {} entries with a picture's name are pipes, sockets or broken "
                      "links and are left out.",
                      options.path, listing_.not_regular));
    }
    if (size() > 0) return;
    throw Error(ErrorKind::kData,
                {.what = "no pictures",
                 .where = options.path,
                 .expected = "root/<class>/* with jpg, jpeg, png, webp or bmp files",
                 .found = fmt::format("{} class folders without any", listing_.class_names.size()),
                 .hint = "put the pictures of each class into a folder of its own"});
  }

  PictureRoot root_;
  Listing listing_;
  ImageTransformOptions transform_;
  std::vector<std::string> captions_;  ///< By class.
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<Source> make_folder_source(const SourceOptions& options,
                                           const SourceContext& context) {
  return std::make_unique<FolderSource>(options, context);
}

}  // namespace tandem
