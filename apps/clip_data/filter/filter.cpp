#include "clip_data/filter/filter.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "clip_data/filter/judged_sample.h"
#include "common/images.h"
#include "common/model_arguments.h"
#include "common/records/json_names.h"
#include "common/records/unfinished_lines.h"
#include "common/text_io.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"
#include "tandem/text/tokenizer.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

/// Where an image of the source lies. Throws kUsage for a source whose images are no files.
fs::path image_file(const SourceOptions& options, const std::string& key) {
  const bool is_root = options.kind == SourceKind::kFolder || options.kind == SourceKind::kFiles;
  fs::path root = is_root ? fs::path(options.path) : fs::path(options.path).parent_path();
  if (!options.image_root.empty()) root = options.image_root;
  return fs::absolute(root / key).lexically_normal();
}

void require_image_files(const SourceOptions& options) {
  for (const SourceKind kind : {SourceKind::kShapes, SourceKind::kWds, SourceKind::kParquet}) {
    if (options.kind != kind) continue;
    throw Error(ErrorKind::kUsage,
                ErrorText{.what = "a filtered data set names image files, and this source has none",
                          .where = "data.train.kind",
                          .expected = "a source of image files",
                          .hint = "write them out first: clip-data export"});
  }
}

/// Everything that the scores follow from, as a line of JSON.
std::string identity_of(const FilterArguments& arguments, const Source& source) {
  const GenerationOptions& g = arguments.caption.generation;
  const std::string all =
      fmt::format("{}\n{}\n{}\n{} {} {} {} {}", source.fingerprint(),
                  weights_identity(arguments.judge), weights_identity(arguments.captioner), g.top_p,
                  g.temperature, g.seed, g.min_new_tokens, g.max_new_tokens);
  return one_line({{"scores_of", content_hash(all)}});
}

/// The captions of a sample, as the data has them. None where it has none.
std::vector<JudgedCaption> own_captions(const Source& source, int64_t index) {
  std::vector<JudgedCaption> captions;
  try {
    for (const std::string& text : source.captions(index))
      if (!clean_caption(text).empty()) captions.push_back({.text = text});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
  }
  return captions;
}

void set_error(JudgedSample& sample, const std::optional<Error>& error) {
  if (!error || !sample.error.empty()) return;
  sample.error = error->what();
  sample.is_missing = error->kind() == ErrorKind::kMissingInput;
}

/// The models that write and judge.
struct Models {
  Pipeline judge;
  std::optional<Pipeline> captioner;
};

/// Judges samples [first, first + count).
std::vector<JudgedSample> judge_part(const FilterArguments& arguments, const RunData& data,
                                     const Models& models, std::pair<int64_t, int64_t> range) {
  const auto [first, count] = range;
  const uint64_t seed = data.config.run.seed;
  const SourceOptions& options = chosen_source(data.config, arguments.data);
  const auto load = [&, start = first](int64_t i) {
    return data.source->sample(start + i, seed).image;
  };
  std::vector<JudgedSample> samples(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    samples[static_cast<size_t>(i)] = {
        .image = image_file(options, data.source->key(first + i)).string(),
        .captions = own_captions(*data.source, first + i)};
  }
  if (models.captioner) {
    const PartialCaptions written =
        models.captioner->try_caption_images(count, load, arguments.caption, first);
    for (size_t i = 0; i < samples.size(); ++i) {
      set_error(samples[i], written.errors[i]);
      const std::string& text = written.captions[i].text;
      const bool fresh = std::ranges::none_of(samples[i].captions,
                                              [&](const auto& own) { return own.text == text; });
      if (fresh && !text.empty()) samples[i].captions.push_back({.text = text, .synthetic = true});
    }
  }
  std::vector<std::vector<std::string>> texts;
  for (const JudgedSample& sample : samples) {
    texts.emplace_back();
    for (const JudgedCaption& each : sample.captions) texts.back().push_back(each.text);
  }
  const PartialMatches matches = models.judge.try_match(count, load, texts);
  for (size_t i = 0; i < samples.size(); ++i) {
    set_error(samples[i], matches.errors[i]);
    const torch::Tensor scores = matches.logits[i].sigmoid();
    for (size_t c = 0; c < texts[i].size(); ++c)
      samples[i].captions[c].score = scores[static_cast<int64_t>(c)].item<double>();
  }
  return samples;
}

/// Returns all samples with their scores: those of the file of scores, and the missing ones.
std::vector<JudgedSample> judge_all(const FilterArguments& arguments, const RunData& data) {
  const int64_t size = data.source->size();
  UnfinishedLines lines(arguments.scores, identity_of(arguments, *data.source),
                        static_cast<size_t>(size));
  std::vector<JudgedSample> samples;
  for (const std::string& line : lines.lines()) samples.push_back(parse_judged(line));
  const auto done = static_cast<int64_t>(samples.size());
  if (done == size) return samples;
  if (done > 0) write_note(fmt::format("Resuming after {} of {} images.\n", done, size));
  Models models{.judge = load_pipeline({arguments.judge, arguments.options}), .captioner = {}};
  if (!arguments.captioner.empty())
    models.captioner = load_pipeline({arguments.captioner, arguments.options});
  const int64_t step = 4 * models.judge.batch_size();
  for (int64_t first = done; first < size; first += step) {
    const int64_t count = std::min(step, size - first);
    for (JudgedSample& sample : judge_part(arguments, data, models, {first, count})) {
      lines.add(judged_line(sample));
      samples.push_back(std::move(sample));
    }
    if (notes_go_to_terminal())
      write_passing_note(fmt::format("{}/{} images", first + count, size));
  }
  return samples;
}

}  // namespace

int run_filter(const FilterArguments& arguments) {
  const RunData data = open_data(arguments.data);
  require_image_files(chosen_source(data.config, arguments.data));
  check_output_file(arguments.scores);
  if (!arguments.output.empty()) check_output_file(arguments.output);
  const std::vector<JudgedSample> samples = judge_all(arguments, data);
  write_output(describe_scores(samples));
  Failures failures;
  std::string manifest;
  size_t kept = 0;
  for (const JudgedSample& sample : samples) {
    if (!sample.error.empty()) {
      failures.add(
          Error(sample.is_missing ? ErrorKind::kMissingInput : ErrorKind::kData, sample.error));
      write_note(fmt::format("invalid: {}\n", sample.error));
      continue;
    }
    const std::string line = kept_line(sample, arguments.threshold);
    kept += line.empty() ? 0 : 1;
    manifest += line;
  }
  if (arguments.output.empty()) {
    write_note(fmt::format("{} images judged; --output FILE writes what --threshold keeps\n",
                           samples.size() - failures.count()));
    return failures.code();
  }
  if (manifest.empty()) {
    throw Error(ErrorKind::kData,
                {.what = "no caption is kept",
                 .expected = fmt::format("a score of at least {:g}", arguments.threshold),
                 .hint = "lower --threshold; the scores are shown above"});
  }
  write_file_atomically(arguments.output, manifest);
  write_note(fmt::format("{} of {} images in {}, {} invalid\n", kept, samples.size(),
                         arguments.output, failures.count()));
  return failures.code();
}

}  // namespace tandem::apps
