#include "clip_data/filter/judged_sample.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/records/json_names.h"
#include "tandem/config/data_options.h"
#include "tandem/core/error.h"
#include "tandem/core/text.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTenths = 10;

size_t tenth_of(double score) {
  return static_cast<size_t>(std::clamp(score * kTenths, 0.0, kTenths - 1.0));
}

// Six digits: what lies beyond differs with the batch.
double rounded(double score) { return std::round(score * 1e6) / 1e6; }

const char* origin_of(const JudgedCaption& caption) {
  return caption.synthetic ? "synthetic" : "original";
}

}  // namespace

std::string judged_line(const JudgedSample& sample) {
  Json json;
  put_name(json, "image", sample.image);
  if (!sample.error.empty()) {
    json["error"] = sample.error;
    if (sample.is_missing) json["missing"] = true;
    return one_line(json) + "\n";
  }
  json["captions"] = Json::array();
  for (const JudgedCaption& each : sample.captions) {
    json["captions"].push_back(
        {{"caption", each.text}, {"origin", origin_of(each)}, {"score", rounded(each.score)}});
  }
  return one_line(json) + "\n";
}

JudgedSample parse_judged(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  try {
    JudgedSample sample{.image = json.at("image").get<std::string>()};
    sample.error = json.value("error", "");
    sample.is_missing = json.value("missing", false);
    if (!sample.error.empty()) return sample;
    for (const Json& each : json.at("captions")) {
      sample.captions.push_back({.text = each.at("caption").get<std::string>(),
                                 .synthetic = each.at("origin") == "synthetic",
                                 .score = each.at("score").get<double>()});
    }
    return sample;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::kData,
                {.what = "no record of judged captions", .found = shortened(line)});
  }
}

std::string kept_line(const JudgedSample& sample, double threshold) {
  Json captions = Json::array(), scores = Json::array(), origins = Json::array();
  for (const JudgedCaption& each : sample.captions) {
    if (each.score < threshold) continue;
    captions.push_back(each.text);
    scores.push_back(each.score);
    origins.push_back(origin_of(each));
  }
  if (captions.empty()) return "";
  Json json;
  put_name(json, SourceOptions{}.image_key, sample.image);
  json[SourceOptions{}.caption_key] = std::move(captions);
  json["scores"] = std::move(scores);
  json["origins"] = std::move(origins);
  return one_line(json) + "\n";
}

std::string describe_scores(const std::vector<JudgedSample>& samples) {
  std::array<size_t, kTenths> original{}, synthetic{}, kept_images{};
  for (const JudgedSample& sample : samples) {
    double best = -1;
    for (const JudgedCaption& each : sample.captions) {
      ++(each.synthetic ? synthetic : original)[tenth_of(each.score)];
      best = std::max(best, each.score);
    }
    for (size_t tenth = 0; best >= 0 && tenth <= tenth_of(best); ++tenth) ++kept_images[tenth];
  }
  std::string table = "  score       original  synthetic  kept from here: captions   images\n";
  for (size_t tenth = kTenths; tenth-- > 0;) {
    size_t kept = 0;
    for (size_t above = tenth; above < kTenths; ++above) kept += original[above] + synthetic[above];
    table +=
        fmt::format("  {:.1f} to {:.1f}  {:8}  {:9}  {:24}  {:7}\n",
                    static_cast<double>(tenth) / kTenths, static_cast<double>(tenth + 1) / kTenths,
                    original[tenth], synthetic[tenth], kept, kept_images[tenth]);
  }
  return table;
}

}  // namespace tandem::apps
