#include "clip_data/caption_scoring.h"

#include <cstdint>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/records/json_names.h"
#include "common/text_io.h"
#include "tandem/core/files.h"
#include "tandem/data/picture_captions.h"
#include "tandem/eval/caption_scores.h"
#include "tandem/eval/match_captions.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

Json as_json(const MatchedCaptions& matched, const CaptionScores& scores) {
  int64_t references = 0;
  for (const CaptionCase& each : matched.cases)
    references += static_cast<int64_t>(each.references.size());
  Json json = {{"pictures", matched.cases.size()},
               {"references", references},
               {"without_caption", matched.without_caption},
               {"without_references", matched.without_references}};
  for (size_t n = 0; n < 4; ++n) json[fmt::format("bleu_{}", n + 1)] = scores.bleu[n];
  json["rouge_l"] = scores.rouge_l;
  json["cider"] = scores.cider;
  return json;
}

std::string as_text(const Json& json) {
  std::string text;
  for (const auto& [key, value] : json.items())
    text += value.is_number_float() ? fmt::format("{:<20}{:.4f}\n", key, value.get<double>())
                                    : fmt::format("{:<20}{}\n", key, value.get<int64_t>());
  return text;
}

/// One JSON line for each image.
void write_details(const std::string& path, const MatchedCaptions& matched,
                   const CaptionScores& scores) {
  std::string lines;
  for (size_t i = 0; i < matched.cases.size(); ++i) {
    Json json;
    put_name(json, "image", matched.cases[i].image);
    json["caption"] = matched.cases[i].caption;
    json["rouge_l"] = scores.image_rouge_l[i];
    json["cider"] = scores.image_cider[i];
    lines += one_line(json) + "\n";
  }
  write_file_atomically(path, lines);
}

}  // namespace

int run_score_captions(const ScoringArguments& arguments) {
  if (!arguments.details.empty()) check_output_file(arguments.details);
  const MatchedCaptions matched =
      match_captions(read_picture_captions(arguments.predictions),
                     read_picture_captions(arguments.references), arguments.common);
  const CaptionScores scores = score_captions(matched.cases);
  if (!arguments.details.empty()) write_details(arguments.details, matched, scores);
  const Json json = as_json(matched, scores);
  if (arguments.format == "json")
    write_output(one_line(json) + "\n");
  else
    write_readable(as_text(json));
  return 0;
}

}  // namespace tandem::apps
