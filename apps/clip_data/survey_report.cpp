#include "clip_data/survey_report.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/text.h"
#include "tandem/data/survey.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kBarWidth = 40;

/// "64-127": what bin `bin` of a Spread counts.
std::string bin_name(size_t bin) {
  if (bin < 2) return std::to_string(bin);
  return fmt::format("{}-{}", uint64_t{1} << (bin - 1), ((uint64_t{1} << (bin - 1)) - 1) * 2 + 1);
}

std::string show(const std::string& what, const Spread& spread) {
  if (spread.count == 0) return "";
  std::string text =
      fmt::format("{}: {} to {}, mean {:.1f}\n", what, spread.min, spread.max, spread.mean());
  const uint64_t most = *std::max_element(spread.bins.begin(), spread.bins.end());
  for (size_t bin = 0; bin < spread.bins.size(); ++bin) {
    const uint64_t count = spread.bins[bin];
    if (count == 0) continue;
    const auto width = static_cast<size_t>((count * kBarWidth + most - 1) / most);
    text += fmt::format("  {:>13} {:>10}  {}\n", bin_name(bin), count, std::string(width, '#'));
  }
  return text;
}

std::string show(const std::string& what, const Repeats& repeats) {
  std::string text =
      fmt::format("{}: {} distinct, {} repeated\n", what, repeats.distinct, repeats.repeated);
  for (const auto& keys : repeats.examples)
    text += fmt::format("  {}\n", printable(fmt::format("{}", fmt::join(keys, ", "))));
  return text;
}

std::string show_classes(const Source& source, const DataSurvey& found) {
  if (found.per_class.empty()) return "";
  std::string text = fmt::format("classes: {}\n", found.per_class.size());
  for (size_t i = 0; i < found.per_class.size(); ++i)
    text += fmt::format("  {:>10}  {}\n", found.per_class[i], printable(source.class_names()[i]));
  return text;
}

/// What becomes of transparent pixels.
std::string background_of(const ImageTransformOptions& transform) {
  return transform.background.empty() ? "white" : transform.background;
}

std::string show_oddities(const DataSurvey& found, const ImageTransformOptions& transform) {
  const std::string background = background_of(transform);
  return fmt::format(
      "larger than {} pixels, where Pillow warns: {} images\n"
      "JPEG with stray bytes or odd headers, all pixels decoded: {} images\n"
      "transparent: {} images, {} (data.transform.background)\n",
      kManyPixels, found.large, found.odd_jpegs, found.transparent,
      background_color(background) ? "laid on " + background : "transparency ignored");
}

std::string as_text(const Source& source, const DataSurvey& found,
                    const ImageTransformOptions* transform) {
  std::string text = fmt::format("samples: {}, {} usable\n", found.samples, found.usable);
  for (const auto& [reason, unusable] : found.unusable) {
    text += fmt::format("invalid: {} {}\n", unusable.count, reason);
    for (const std::string& example : unusable.examples)
      text += fmt::format("  {}\n", printable(example));
  }
  if (transform != nullptr)
    text += show("images", found.pictures) + show_oddities(found, *transform);
  text += show("captions", found.captions);
  for (const auto& [what, odd] : found.odd_captions)
    text += fmt::format("odd captions: {} {}, the first of {}\n", odd.count, what, odd.first);
  text += show("width in pixels", found.width) + show("height in pixels", found.height);
  text += show("caption bytes", found.caption_bytes);
  text += show("caption words", found.caption_words);
  text += show("captions per sample", found.captions_per_sample);
  text += show_classes(source, found);
  return text + fmt::format("speed: {:.0f} samples/s, {:.1f} s\n",
                            static_cast<double>(found.samples) / std::max(found.seconds, 1e-9),
                            found.seconds);
}

Json as_json(const Spread& spread) {
  Json bins = Json::object();
  for (size_t bin = 0; bin < spread.bins.size(); ++bin)
    if (spread.bins[bin] > 0) bins[bin_name(bin)] = spread.bins[bin];
  return {{"count", spread.count},
          {"min", spread.min},
          {"max", spread.max},
          {"mean", spread.mean()},
          {"bins", bins}};
}

Json as_json(const Repeats& repeats) {
  return {{"distinct", repeats.distinct},
          {"repeated", repeats.repeated},
          {"examples", repeats.examples}};
}

Json as_json(const Source& source, const DataSurvey& found,
             const ImageTransformOptions* transform) {
  Json json = {{"samples", found.samples},
               {"usable", found.usable},
               {"unusable_ratio", found.unusable_ratio()},
               {"unusable", Json::object()}};
  for (const auto& [reason, unusable] : found.unusable)
    json["unusable"][reason] = {{"count", unusable.count}, {"examples", unusable.examples}};
  if (transform != nullptr) {
    json["pictures"] = as_json(found.pictures);
    json["large"] = found.large;
    json["odd_jpegs"] = found.odd_jpegs;
    json["transparent"] = {{"count", found.transparent}, {"background", background_of(*transform)}};
    json["width"] = as_json(found.width);
    json["height"] = as_json(found.height);
  }
  json["captions"] = as_json(found.captions);
  json["odd_captions"] = Json::object();
  for (const auto& [what, odd] : found.odd_captions)
    json["odd_captions"][what] = {{"count", odd.count}, {"first", odd.first}};
  json["caption_bytes"] = as_json(found.caption_bytes);
  json["caption_words"] = as_json(found.caption_words);
  json["captions_per_sample"] = as_json(found.captions_per_sample);
  if (!found.per_class.empty()) {
    Json classes = Json::object();
    for (size_t i = 0; i < found.per_class.size(); ++i)
      classes[source.class_names()[i]] = found.per_class[i];
    json["classes"] = classes;
  }
  json["seconds"] = found.seconds;
  return json;
}

/// Reads the data, prints what was found and returns the share of invalid samples beyond the
/// limit.
bool print_survey(const SurveyArguments& arguments, bool images) {
  const RunData data = open_data(arguments.data);
  const DataSurvey found =
      survey(*data.source, {.pictures = images, .threads = data.config.data.loader_threads});
  const ImageTransformOptions* transform = images ? &data.config.data.transform : nullptr;
  if (arguments.format == "json") {
    const Json json = as_json(*data.source, found, transform);
    write_output(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else {
    write_readable(as_text(*data.source, found, transform));
  }
  const double limit = data.config.data.max_bad_ratio;
  if (found.unusable_ratio() <= limit) return true;
  write_note(fmt::format("{:.2f} % of the samples are invalid, data.max_bad_ratio allows {:g} %\n",
                         found.unusable_ratio() * 100, limit * 100));
  return false;
}

}  // namespace

int run_check(const SurveyArguments& arguments) {
  return print_survey(arguments, true) ? 0 : exit_code(ErrorKind::kData);
}

int run_stats(const SurveyArguments& arguments) {
  (void)print_survey(arguments, false);
  return 0;
}

}  // namespace tandem::apps
