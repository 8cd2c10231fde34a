#include "clip_zeroshot/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/records/json_names.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/text.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Ranking& ranking, RankingScore kind) {
  Json json;
  put_name(json, "image", ranking.image);
  if (!ranking.error.empty()) {
    json["error"] = ranking.error;
    return json;
  }
  Json results = Json::array();
  for (const auto& [label, score] : ranking.entries)
    results.push_back({{"label", label}, {"score", score}});
  json["score_kind"] = name_of(kind);
  json["results"] = std::move(results);
  return json;
}

class TextWriter : public RankingWriter {
 public:
  explicit TextWriter(RankingScore score) {
    if (score != RankingScore::kSoftmax)
      write_output(fmt::format("{} scores: each class by itself, they do not add up to 100 %\n",
                               name_of(score)));
  }
  void write(const Ranking& ranking) override {
    std::string text = printable(ranking.image) + "\n";
    if (!ranking.error.empty()) text += fmt::format("  error: {}\n", ranking.error);
    for (const auto& [label, score] : ranking.entries)
      text += fmt::format("  {:6.2f} %  {}\n", 100.0 * score, printable(label));
    write_readable(text);
  }
};

class JsonWriter : public RankingWriter {
 public:
  explicit JsonWriter(RankingScore score) : score_(score) {}
  void write(const Ranking& ranking) override {
    write_output(first_ ? "[\n" : ",\n");
    write_output(one_line(to_json(ranking, score_)));
    first_ = false;
  }
  void finish() override { write_output(first_ ? "[]\n" : "\n]\n"); }

 private:
  RankingScore score_;
  bool first_ = true;
};

class JsonLinesWriter : public RankingWriter {
 public:
  explicit JsonLinesWriter(RankingScore score) : score_(score) {}
  void write(const Ranking& ranking) override {
    write_output(one_line(to_json(ranking, score_)) + "\n");
  }

 private:
  RankingScore score_;
};

class CsvWriter : public RankingWriter {
 public:
  CsvWriter() { write_output("image,rank,label,score,error\n"); }
  void write(const Ranking& ranking) override {
    const std::string image = csv_field(ranking.image);
    if (!ranking.error.empty())
      write_output(fmt::format("{},,,,{}\n", image, csv_field(ranking.error)));
    int rank = 0;
    for (const auto& [label, score] : ranking.entries)
      write_output(fmt::format("{},{},{},{:.6g},\n", image, ++rank, csv_field(label), score));
  }
};

}  // namespace

const char* name_of(RankingScore score) {
  switch (score) {
    case RankingScore::kSoftmax: return "softmax";
    case RankingScore::kSigmoid: return "sigmoid";
    case RankingScore::kMatch: return "match";
  }
  return "";
}

std::unique_ptr<RankingWriter> make_writer(const std::string& format, RankingScore score) {
  if (format == "text") return std::make_unique<TextWriter>(score);
  if (format == "json") return std::make_unique<JsonWriter>(score);
  if (format == "jsonl") return std::make_unique<JsonLinesWriter>(score);
  if (format == "csv") return std::make_unique<CsvWriter>();
  throw Error(ErrorKind::kUsage,
              {.what = "unknown format", .expected = "text, json, jsonl or csv", .found = format});
}

std::string describe(const ZeroShotResult& result, size_t classes, size_t unusable,
                     const std::string& format) {
  if (format == "csv") {
    return fmt::format(
        "pictures,unusable,classes,top1,top5,mean_per_class_recall\n{},{},{},{:.6g},{:.6g},{:.6g}"
        "\n",
        result.count, unusable, classes, result.top1, result.top5, result.mean_per_class_recall);
  }
  if (format == "text") {
    return fmt::format(
        "images                 {:8}\ninvalid                {:8}\nclasses                {:8}\n"
        "top-1                  {:7.2f} %\ntop-5                  {:7.2f} %\n"
        "mean per-class recall  {:7.2f} %\n",
        result.count, unusable, classes, 100.0 * result.top1, 100.0 * result.top5,
        100.0 * result.mean_per_class_recall);
  }
  return one_line({{"pictures", result.count},
                   {"unusable", unusable},
                   {"classes", classes},
                   {"top1", result.top1},
                   {"top5", result.top5},
                   {"mean_per_class_recall", result.mean_per_class_recall}}) +
         "\n";
}

}  // namespace tandem::apps
