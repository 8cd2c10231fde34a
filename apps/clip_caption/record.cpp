#include "clip_caption/record.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/records/json_names.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/text.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

std::string json_line(const CaptionRecord& record) {
  Json json;
  put_name(json, "image", record.image);
  if (record.error.empty()) {
    json["caption"] = record.caption.text;
    json["score"] = record.caption.score;
    json["ended"] = record.caption.ended;
  } else {
    json["error"] = record.error;
    json["missing"] = record.is_missing;
  }
  return one_line(json) + "\n";
}

std::string csv_line(const CaptionRecord& record) {
  const std::string image = csv_field(record.image);
  if (!record.error.empty()) return fmt::format("{},,,{}\n", image, csv_field(record.error));
  return fmt::format("{},{},{:.6g},\n", image, csv_field(record.caption.text),
                     record.caption.score);
}

}  // namespace

std::string record_line(const CaptionRecord& record, std::string_view format) {
  if (format == "jsonl") return json_line(record);
  if (format == "csv") return csv_line(record);
  if (!record.error.empty()) return "";
  return fmt::format("{}\t{}\n", printable(record.image), printable(record.caption.text));
}

std::string record_header(std::string_view format) {
  return format == "csv" ? "image,caption,score,error\n" : "";
}

CaptionRecord parse_record(const std::string& line) {
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("image") || !json["image"].is_string())
    throw Error(ErrorKind::kData, {.what = "no record of a caption", .found = shortened(line)});
  CaptionRecord record{.image = json["image"].get<std::string>()};
  record.error = json.value("error", "");
  record.is_missing = json.value("missing", false);
  record.caption = {.text = json.value("caption", ""),
                    .score = json.value("score", 0.0),
                    .ended = json.value("ended", false)};
  return record;
}

}  // namespace tandem::apps
