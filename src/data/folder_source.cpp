#include <fmt/format.h>

#include "data/captions/caption_template.h"
#include "data/files/picture_root.h"
#include "data/manifest/manifest.h"
#include "data/rows/class_file.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/data/picture_walk.h"

namespace tandem {
namespace {

struct Listing {
  TextRows files = {};  ///< One string per row: `class folder/file`.
  std::vector<int32_t> labels = {};
  std::vector<std::string> folders = {};
  LeftOut left_out = {};
};

Listing list_classes(const PictureRoot& root, bool allow_outside_root) {
  Listing listing;
  const auto take = [&listing](const FoundPicture& picture) {
    listing.files.begin_row();
    listing.files.add(picture.path);
    listing.labels.push_back(static_cast<int32_t>(listing.folders.size()) - 1);
  };
  const auto begin_class = [&listing](const std::string& name) { listing.folders.push_back(name); };
  listing.left_out =
      walk_pictures(root.folder(), {.by_class = true, .allow_outside_root = allow_outside_root},
                    {.take = take, .begin_class = begin_class});
  listing.files.shrink();
  listing.labels.shrink_to_fit();
  return listing;
}

class FolderSource : public Source {
 public:
  FolderSource(const SourceOptions& options, const SourceContext& context)
      : root_(options.path, context.allow_outside_root),
        listing_(list_classes(root_, context.allow_outside_root)),
        transform_(context.transform) {
    refuse_none(options);
    tell_left_out(options.path, listing_.left_out);
    class_names_ = names_of_folders(options, listing_.folders);
    std::string names;
    for (const std::string& name : class_names_) {
      captions_.push_back(fill_caption(options.caption_template, name));
      names += captions_.back() + '\n';
    }
    fingerprint_ = content_hash("folder " + names + listing_.files.hash());
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
    return class_names_;
  }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  [[nodiscard]] int32_t label(int64_t index) const {
    return listing_.labels[static_cast<size_t>(index)];
  }

  void refuse_none(const SourceOptions& options) const {
    if (size() > 0) return;
    const std::string left_out = listing_.left_out.describe();
    throw Error(
        ErrorKind::kData,
        {.what = "no images",
         .where = options.path,
         .expected = "root/<class>/* with image files",
         .found = fmt::format("{} class folders without images{}{}", listing_.folders.size(),
                              left_out.empty() ? "" : "; left out: ", left_out),
         .hint = "put the images of each class into one folder; kind files reads images at any "
                 "depth with a .txt beside each"});
  }

  PictureRoot root_;
  Listing listing_;
  ImageTransformOptions transform_;
  std::vector<std::string> class_names_;
  std::vector<std::string> captions_;  ///< By class.
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<Source> make_folder_source(const SourceOptions& options,
                                           const SourceContext& context) {
  return std::make_unique<FolderSource>(options, context);
}

}  // namespace tandem
