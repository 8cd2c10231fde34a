#include "clip_data/commands.h"

#include <memory>

#include <fmt/format.h>

#include "clip_data/caption_scoring.h"
#include "clip_data/export.h"
#include "clip_data/filter/filter.h"
#include "clip_data/preview.h"
#include "clip_data/shard_commands.h"
#include "clip_data/survey_report.h"
#include "common/checks.h"

namespace tandem::apps {
namespace {

struct Verb {
  const char* name;
  const char* summary;
  const char* rest = "";  ///< Of its example.
};

/// Adds a verb with the options of its data; `arguments` holds them in `data`.
template <typename Arguments>
CLI::App* add_verb(CLI::App& app, const Verb& about, Arguments& arguments) {
  CLI::App* verb = app.add_subcommand(about.name, about.summary);
  verb->footer(fmt::format("Example: clip-data {} --config configs/quickstart.json{}", about.name,
                           about.rest));
  add_data_options(*verb, arguments.data);
  return verb;
}

void add_output(CLI::App* verb, std::string& output, const char* meaning, const char* type) {
  verb->add_option("--output", output, meaning)->type_name(type)->check(not_empty())->required();
}

void add_number(CLI::App* verb, const char* name, int64_t& number, const char* meaning) {
  verb->add_option(name, number, meaning)->check(at_least(0))->capture_default_str();
}

void add_format(CLI::App* verb, std::string& format) {
  verb->add_option("--format", format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

struct Arguments {
  SurveyArguments check, stats;
  struct {
    DataArguments data;
  } index;
  ShardArguments shard;
  PreviewArguments preview;
  ExportArguments exporting;
  ScoringArguments scoring;
  FilterArguments filter;
};

void add_surveys(CLI::App& app, Arguments& arguments) {
  CLI::App* check = add_verb(
      app, {"check", "Decode everything; count invalid and repeated samples"}, arguments.check);
  add_image_options(*check, arguments.check.data);
  CLI::App* stats =
      add_verb(app, {"stats", "Captions and classes, without opening images", " --format json"},
               arguments.stats);
  add_format(check, arguments.check.format);
  add_format(stats, arguments.stats.format);
}

void add_writers(CLI::App& app, Arguments& arguments) {
  add_verb(app,
           {"index", "Write an index beside every tar shard",
            " --set data.train.kind=wds --set data.train.path=shards"},
           arguments.index);
  CLI::App* shard = add_verb(app, {"shard", "Pack the data into tar shards", " --output shards"},
                             arguments.shard);
  add_output(shard, arguments.shard.output, "Folder to create", "DIR");
  shard->add_option("--max-samples", arguments.shard.max_samples, "Samples of one shard, at most")
      ->check(at_least(1))
      ->capture_default_str();
  shard->add_option("--max-mb", arguments.shard.max_mb, "MiB of one shard, at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  CLI::App* preview =
      add_verb(app, {"preview", "Show samples in one HTML file", " --output preview.html"},
               arguments.preview);
  add_image_options(*preview, arguments.preview.data);
  add_output(preview, arguments.preview.output, "File to write", "FILE");
  add_number(preview, "--count", arguments.preview.count, "Samples to show");
  CLI::App* exporting = add_verb(
      app,
      {"export", "Write samples as PNG files, with captions.tsv and classes.txt beside them",
       " --output samples --count 100"},
      arguments.exporting);
  add_output(exporting, arguments.exporting.output, "Folder to create", "DIR");
  add_number(exporting, "--count", arguments.exporting.count,
             "Samples to write, from the first; 0 for all");
}

void add_filter(CLI::App& app, FilterArguments& arguments) {
  CLI::App* verb = add_verb(app,
                            {"filter", "Keep captions that a model finds to match their images",
                             " --set data.train.kind=jsonl --set data.train.path=noisy.jsonl "
                             "--judge runs/blip_shapes/model --scores scores.jsonl"},
                            arguments);
  const auto add_path = [&](const char* name, std::string& path, const char* meaning) {
    return verb->add_option(name, path, meaning)->check(not_empty());
  };
  add_path("--judge", arguments.judge, "Model whose matching head judges")
      ->type_name("DIR")
      ->required();
  add_path("--captioner", arguments.captioner, "Model that writes one more caption for each image")
      ->type_name("DIR");
  add_path("--scores", arguments.scores,
           "All captions with their scores; a program that was stopped resumes in this file")
      ->type_name("FILE")
      ->required();
  add_path(
      "--output", arguments.output,
      "What is kept, as data of kind jsonl; without it, the scores are shown and nothing is kept")
      ->type_name("FILE");
  verb->add_option("--threshold", arguments.threshold, "Score that a caption needs, in [0, 1]")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  GenerationOptions& generation = arguments.caption.generation;
  generation.strategy = DecodingStrategy::kNucleus;
  verb->add_option("--top-p", generation.top_p, "Of --captioner: draws among the most probable")
      ->capture_default_str();
  verb->add_option("--seed", generation.seed, "Of --captioner")->capture_default_str();
  verb->add_option("--device", arguments.options.device, "auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  verb->add_option("--batch-size", arguments.options.batch_size, "Images of a forward pass")
      ->check(at_least(1))
      ->capture_default_str();
}

void add_scoring(CLI::App& app, ScoringArguments& arguments) {
  CLI::App* verb =
      app.add_subcommand("score-captions", "BLEU, ROUGE-L and CIDEr of captions from a file");
  verb->footer(
      "Example: clip-data score-captions --predictions captions.jsonl --references "
      "captions_val2014.json\n"
      "Both are COCO's JSON, JSON lines with image and caption, or tables of path and caption.");
  const auto add_file = [&](const char* name, std::string& file, const char* meaning) {
    return verb->add_option(name, file, meaning)->type_name("FILE")->check(not_empty());
  };
  add_file("--predictions", arguments.predictions, "Captions to score, one for each image")
      ->required();
  add_file("--references", arguments.references, "Captions that people gave, one or more")
      ->required();
  add_format(verb, arguments.format);
  add_file("--details", arguments.details, "Also write the scores of each image, as JSON lines");
  verb->add_flag("--common", arguments.common, "Score only the images that are in both files");
}

}  // namespace

std::function<int()> define_commands(CLI::App& app) {
  app.require_subcommand(1);
  app.fallthrough();
  const auto arguments = std::make_shared<Arguments>();
  add_surveys(app, *arguments);
  add_writers(app, *arguments);
  add_filter(app, arguments->filter);
  add_scoring(app, arguments->scoring);
  return [arguments, &app] {
    if (app.got_subcommand("check")) return run_check(arguments->check);
    if (app.got_subcommand("stats")) return run_stats(arguments->stats);
    if (app.got_subcommand("index")) return run_index(arguments->index.data);
    if (app.got_subcommand("shard")) return run_shard(arguments->shard);
    if (app.got_subcommand("preview")) return run_preview(arguments->preview);
    if (app.got_subcommand("filter")) return run_filter(arguments->filter);
    if (app.got_subcommand("score-captions")) return run_score_captions(arguments->scoring);
    return run_export(arguments->exporting);
  };
}

}  // namespace tandem::apps
