#include <fmt/format.h>

#include "data/files/picture_root.h"
#include "data/manifest/manifest.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/data/picture_walk.h"

namespace tandem {
namespace {

constexpr uint64_t kMaxTextBytes = uint64_t{16} << 20;

struct Listing {
  TextRows files = {};           ///< One string per row: the image's path from the root.
  std::vector<bool> texts = {};  ///< Whether a .txt lies beside each.
  int64_t without_text = 0;
  LeftOut left_out = {};
};

Listing list_files(const PictureRoot& root, bool allow_outside_root) {
  Listing listing;
  const auto take = [&listing](const FoundPicture& picture) {
    listing.files.begin_row();
    listing.files.add(picture.path);
    listing.texts.push_back(picture.has_text);
    if (!picture.has_text) ++listing.without_text;
  };
  listing.left_out =
      walk_pictures(root.folder(), {.take_texts = true, .allow_outside_root = allow_outside_root},
                    {.take = take, .begin_class = {}});
  listing.files.shrink();
  return listing;
}

/// Images at any depth, each with its caption in a .txt beside it (img2dataset's "files").
class FilesSource : public Source {
 public:
  FilesSource(const SourceOptions& options, const SourceContext& context)
      : root_(options.path, context.allow_outside_root),
        listing_(list_files(root_, context.allow_outside_root)),
        transform_(context.transform),
        fingerprint_(content_hash("files " + listing_.files.hash())) {
    refuse_none(options);
    tell_left_out(options.path, listing_.left_out);
    if (listing_.without_text > 0)
      log_warn(fmt::format("{}: {} of {} images have no .txt beside them and are not used.",
                           options.path, listing_.without_text, size()));
  }

  [[nodiscard]] int64_t size() const override { return listing_.files.size(); }

  [[nodiscard]] RawSample sample(int64_t index, uint64_t) const override {
    RawSample sample;
    sample.key = key(index);
    sample.captions = captions(index);
    sample.image = load_image(root_.locate(sample.key), transform_);
    return sample;
  }

  [[nodiscard]] std::string key(int64_t index) const override {
    return std::string(listing_.files.at(index, 0));
  }

  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    if (!listing_.texts[static_cast<size_t>(index)])
      throw Error(ErrorKind::kData,
                  ErrorText{.what = "no .txt with this name", .reason = "missing caption"});
    std::filesystem::path text = key(index);
    text.replace_extension(".txt");
    std::string caption = read_file(root_.locate(text.string()), kMaxTextBytes);
    if (!is_utf8(caption)) {
      throw Error(ErrorKind::kData, {.what = "the caption is not UTF-8",
                                     .hint = "save the text as UTF-8",
                                     .reason = "not UTF-8"});
    }
    return {std::move(caption)};
  }

  [[nodiscard]] std::string picture_file(int64_t index, uint64_t) const override {
    return read_file(root_.locate(key(index)));
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

 private:
  void refuse_none(const SourceOptions& options) const {
    if (listing_.without_text < size()) return;
    const std::string left_out = listing_.left_out.describe();
    throw Error(ErrorKind::kData,
                {.what = size() == 0 ? "no images" : "no captions",
                 .where = options.path,
                 .expected = "images with a .txt of the same name beside each",
                 .found = fmt::format("{} images without .txt{}{}", size(),
                                      left_out.empty() ? "" : "; left out: ", left_out)});
  }

  PictureRoot root_;
  Listing listing_;
  ImageTransformOptions transform_;
  std::vector<std::string> classes_;
  std::string fingerprint_;
};

}  // namespace

std::unique_ptr<Source> make_files_source(const SourceOptions& options,
                                          const SourceContext& context) {
  return std::make_unique<FilesSource>(options, context);
}

}  // namespace tandem
