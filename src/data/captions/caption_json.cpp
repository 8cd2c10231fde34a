#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "data/captions/caption_layouts.h"
#include "data/captions/json_records.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

using Json = nlohmann::json;

/// Gathers the records of any of the JSON layouts.
class CaptionJson {
 public:
  explicit CaptionJson(const SourceOptions& options) : options_(options) {}

  void take(const JsonRecord& record) {
    where_ = fmt::format("{}, {}[{}]", options_.path, record.list, record.number);
    if (record.list.empty()) {
      take_listed(record.value);
    } else if (record.list == "images") {
      has_images_ = true;
      take_image(record.value);
    } else if (record.list == "annotations") {
      has_annotations_ = true;
      take_annotation(record.value);
    }
  }

  CaptionFile finish() {
    if (!has_images_) {
      if (rows_.size() > 0 || !has_annotations_)
        return {.manifest = {.rows = std::move(rows_), .bad = {}}, .layout = "a list of objects"};
      fail("annotations without images", "a list \"images\" beside \"annotations\"");
    }
    if (is_karpathy_)
      return {.manifest = {.rows = std::move(rows_), .bad = {}},
              .layout = "Karpathy's splits",
              .has_splits = true};
    return finish_coco();
  }

 private:
  [[noreturn]] void fail(std::string what, std::string expected, std::string found = {}) const {
    throw Error(ErrorKind::kData, {.what = std::move(what),
                                   .where = where_,
                                   .expected = std::move(expected),
                                   .found = std::move(found)});
  }

  const Json& field(const Json& object, const char* name) const {
    if (!object.is_object()) fail("wrong type", "an object", object.type_name());
    const auto found = object.find(name);
    if (found == object.end()) fail(fmt::format("no field \"{}\"", name), "", fields_of(object));
    return *found;
  }
  std::string text(const Json& object, const char* name) const {
    const Json& value = field(object, name);
    if (!value.is_string())
      fail(fmt::format("wrong type of \"{}\"", name), "a string", value.type_name());
    return value.get<std::string>();
  }
  int64_t number(const Json& object, const char* name) const {
    const Json& value = field(object, name);
    if (!value.is_number_integer())
      fail(fmt::format("wrong type of \"{}\"", name), "a whole number", value.type_name());
    return value.get<int64_t>();
  }

  /// `image`, or image_key where only that is there; likewise below.
  void take_listed(const Json& record) {
    if (!record.is_object()) fail("wrong type", "an object", record.type_name());
    const auto chosen = [&](const char* usual, const std::string& key) {
      return record.contains(usual) || !record.contains(key) ? usual : key.c_str();
    };
    const char* image = chosen("image", options_.image_key);
    const char* caption = chosen("caption", options_.caption_key);
    CaptionSet captions;
    const Json& value = field(record, caption);
    try {
      add_captions(value, 0, captions);
    } catch (const Error& error) {
      fail(fmt::format("invalid \"{}\"", caption), "a string or a list of strings", error.what());
    }
    add_row(rows_, text(record, image), captions, false);
  }

  void take_image(const Json& record) {
    if (record.is_object() && record.contains("sentences")) return take_karpathy(record);
    if (is_karpathy_) fail("no field \"sentences\"", "", fields_of(record));
    const int64_t id = number(record, "id");
    if (!image_of_id_.emplace(id, images_.size()).second)
      fail(fmt::format("image id {} appears twice", id), "");
    images_.begin_row();
    images_.add(text(record, "file_name"));
  }

  void take_karpathy(const Json& record) {
    is_karpathy_ = true;
    const std::string split = text(record, "split");
    const auto& wanted = options_.splits;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), split) == wanted.end()) return;
    CaptionSet captions;
    const Json& sentences = field(record, "sentences");
    if (!sentences.is_array()) fail("wrong type of \"sentences\"", "a list", sentences.type_name());
    for (const Json& sentence : sentences) captions.texts.push_back(text(sentence, "raw"));
    captions.languages.resize(captions.texts.size());
    std::string folder = record.contains("filepath") ? text(record, "filepath") : "";
    if (!folder.empty()) folder += '/';
    add_row(rows_, folder + text(record, "filename"), captions, false);
  }

  void take_annotation(const Json& record) {
    captions_of_.push_back(
        {.id = number(record, "image_id"), .caption = static_cast<int64_t>(captions_.size())});
    captions_.begin_row();
    captions_.add(text(record, "caption"));
  }

  /// Images in their order, each with its captions in theirs.
  CaptionFile finish_coco() {
    if (captions_.size() == 0) {
      where_ = options_.path;
      fail("no annotations", "the captions of the images, as in captions_train2014.json");
    }
    for (Annotation& each : captions_of_) {
      const auto found = image_of_id_.find(each.id);
      where_ = fmt::format("{}, annotations[{}]", options_.path, each.caption);
      if (found == image_of_id_.end())
        fail(fmt::format("image_id {} is not an image", each.id),
             "the id of an entry of \"images\"");
      each.id = found->second;
    }
    std::stable_sort(captions_of_.begin(), captions_of_.end(),
                     [](const Annotation& a, const Annotation& b) { return a.id < b.id; });
    ManifestRows manifest;
    size_t next = 0;
    for (int64_t image = 0; image < images_.size(); ++image) {
      manifest.rows.begin_row();
      manifest.rows.add(images_.at(image, 0));
      const size_t first = next;
      for (; next < captions_of_.size() && captions_of_[next].id == image; ++next)
        manifest.rows.add(captions_.at(captions_of_[next].caption, 0));
      if (next > first) continue;
      manifest.bad[image] = {.what = "no annotation has a caption for it",
                             .where = fmt::format("{}, images[{}]", options_.path, image),
                             .reason = "missing caption"};
    }
    return {.manifest = std::move(manifest), .layout = "COCO captions"};
  }

  struct Annotation {
    int64_t id = 0;  ///< Of the image, then its place.
    int64_t caption = 0;
  };
  const SourceOptions& options_;
  std::string where_;
  bool has_images_ = false;
  bool has_annotations_ = false;
  bool is_karpathy_ = false;
  TextRows rows_;
  TextRows images_;
  TextRows captions_;
  std::unordered_map<int64_t, int64_t> image_of_id_;
  std::vector<Annotation> captions_of_;
};

}  // namespace

CaptionFile read_caption_json(const SourceOptions& options) {
  CaptionJson layout(options);
  read_json_records(options.path, [&layout](const JsonRecord& record) { layout.take(record); });
  return layout.finish();
}

}  // namespace tandem
