#include <atomic>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "data/captions/caption_template.h"
#include "data/manifest/manifest.h"
#include "data/rows/class_file.h"
#include "data/rows/json_captions.h"
#include "data/rows/json_chars.h"
#include "data/shards/shard_set.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

constexpr uint32_t kMaxTextBytes = 16 << 20;

[[noreturn]] void reject(const char* reason, ErrorText text) {
  text.reason = reason;
  throw Error(ErrorKind::kData, std::move(text));
}

[[noreturn]] void reject_encoding() {
  reject("not UTF-8", {.what = "the caption is not UTF-8", .hint = "save the text as UTF-8"});
}

class WdsSource : public Source {
 public:
  WdsSource(const SourceOptions& options, const SourceContext& context)
      : options_(options),
        transform_(context.transform),
        shards_(options, context),
        classes_(class_names_of_shards(options, shards_.path(0))),
        fingerprint_(content_hash("wds " + shards_.hash() + options.caption_key)) {}

  [[nodiscard]] int64_t size() const override { return shards_.size(); }

  [[nodiscard]] RawSample sample(int64_t index, uint64_t seed) const override {
    const ShardPlace place = shards_.locate(index);
    RawSample sample;
    sample.key = key(index);
    const CaptionSet captions = read_captions(place);
    sample.image = decode_image(picture_file(index, seed), transform_);
    sample.caption_weights = caption_weights(options_, captions.languages);
    sample.captions = captions.texts;
    sample.class_index = label(place).value_or(-1);
    return sample;
  }

  [[nodiscard]] std::string key(int64_t index) const override {
    return name(shards_.locate(index));
  }
  [[nodiscard]] std::vector<std::string> captions(int64_t index) const override {
    return read_captions(shards_.locate(index)).texts;
  }
  [[nodiscard]] const std::vector<std::string>& class_names() const override { return classes_; }
  [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }

  [[nodiscard]] int64_t class_of(int64_t index) const override {
    return label(shards_.locate(index)).value_or(-1);
  }
  [[nodiscard]] std::string picture_file(int64_t index, uint64_t) const override {
    const ShardPlace place = shards_.locate(index);
    if (!has(place, ShardPart::kPicture))
      reject("missing image",
             {.what = "no image for this key", .expected = "one of jpg, jpeg, png, webp, bmp"});
    return shards_.read(place, ShardPart::kPicture);
  }

 private:
  [[nodiscard]] std::string name(const ShardPlace& place) const {
    return fmt::format("{}:{}", shards_.path(place.shard).string(),
                       shards_.samples(place.shard).key(place.sample));
  }

  [[nodiscard]] bool has(const ShardPlace& place, ShardPart part) const {
    return shards_.samples(place.shard).part(place.sample, part).exists();
  }

  [[nodiscard]] std::string text(const ShardPlace& place, ShardPart part) const {
    if (shards_.samples(place.shard).part(place.sample, part).size > kMaxTextBytes)
      reject("bad record", {.what = "the text is longer than 16 MiB"});
    return shards_.read(place, part);
  }

  /// The text, then what the JSON adds to it; the class's caption where there is neither.
  [[nodiscard]] CaptionSet read_captions(const ShardPlace& place) const {
    CaptionSet captions;
    const bool by_language = !options_.languages.empty();
    std::optional<std::string> written;
    if (has(place, ShardPart::kText) && !by_language) written = text(place, ShardPart::kText);
    if (written && is_utf8(*written)) captions = {.texts = {*written}, .languages = {0}};
    if (has(place, ShardPart::kJson)) try_json(place, captions);
    if (captions.texts.empty()) {
      const auto class_index = label(place);
      if (!class_index && written) reject_encoding();
      if (!class_index)
        reject("missing caption",
               {.what = "no caption for this key",
                .expected = fmt::format("txt, or json with \"{}\"", options_.caption_key)});
      const std::string& name = classes_[static_cast<size_t>(*class_index)];
      captions = {.texts = {fill_caption(options_.caption_template, name)}, .languages = {0}};
    }
    return captions;
  }

  /// A JSON member that cannot be used costs its own captions only.
  void try_json(const ShardPlace& place, CaptionSet& captions) const {
    CaptionSet with_json = captions;
    try {
      add_json(place, with_json);
      captions = std::move(with_json);
    } catch (const Error& error) {
      if (captions.texts.empty() && !label(place)) throw;
      if (json_told_.exchange(true)) return;
      log_warn(fmt::format(
          "{}: the json member is invalid and ignored ({}). Further ones are not reported.",
          name(place), error.what()));
    }
  }

  /// Text alone is enough: its JSON then need not hold a caption.
  void add_json(const ShardPlace& place, CaptionSet& captions) const {
    const auto object = parse_json_record(text(place, ShardPart::kJson));
    if (!object.is_object()) reject("bad record", {.what = "the json member is not a JSON object"});
    const bool optional = !captions.texts.empty() || label(place);
    const char* key = options_.languages.empty() ? options_.caption_key.c_str() : "captions";
    if (optional && !object.contains(key)) return;
    const CaptionSet more = captions_of(object, options_);
    for (size_t i = 0; i < more.texts.size(); ++i) {
      if (!captions.texts.empty() && more.texts[i] == captions.texts[0]) continue;
      captions.texts.push_back(more.texts[i]);
      captions.languages.push_back(more.languages[i]);
    }
  }

  /// The class of a sample that has one. Throws for a label that names none.
  [[nodiscard]] std::optional<int64_t> label(const ShardPlace& place) const {
    if (classes_.empty() || !has(place, ShardPart::kLabel)) return std::nullopt;
    std::string digits = text(place, ShardPart::kLabel);
    while (!digits.empty() && std::isspace(static_cast<unsigned char>(digits.back())) != 0)
      digits.pop_back();
    int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (whole && value >= 0 && value < static_cast<int64_t>(classes_.size())) return value;
    reject("bad label", {.what = "the label is not the number of a class",
                         .expected = fmt::format("a number from 0 to {}", classes_.size() - 1),
                         .found = fmt::format("\"{}\"", digits.substr(0, 40))});
  }

  SourceOptions options_;
  ImageTransformOptions transform_;
  ShardSet shards_;
  std::vector<std::string> classes_;
  std::string fingerprint_;
  mutable std::atomic<bool> json_told_ = false;
};

}  // namespace

std::unique_ptr<Source> make_wds_source(const SourceOptions& options,
                                        const SourceContext& context) {
  return std::make_unique<WdsSource>(options, context);
}

}  // namespace tandem
