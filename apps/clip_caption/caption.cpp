#include "clip_caption/caption.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "clip_caption/record.h"
#include "clip_caption/unfinished.h"
#include "common/pictures.h"
#include "common/text_io.h"
#include "tandem/core/files.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

/// Batches per chunk: results are written chunk by chunk.
constexpr int64_t kBatchesPerChunk = 4;

void choose_strategy(const CaptionArguments& arguments, GenerationOptions& generation) {
  if (arguments.beams > 1 && arguments.top_p > 0) {
    throw Error(ErrorKind::kUsage,
                ErrorText{.what = "--beams and --top-p are two ways of choosing tokens",
                          .expected = "one of them"});
  }
  generation.beams = arguments.beams;
  generation.strategy = arguments.beams > 1 ? DecodingStrategy::kBeam : DecodingStrategy::kGreedy;
  if (arguments.top_p <= 0) return;
  generation.strategy = DecodingStrategy::kNucleus;
  generation.top_p = arguments.top_p;
}

// Everything that the captions follow from, in one line.
std::string identity_of(const CaptionArguments& arguments, const CaptionOptions& options,
                        const std::vector<fs::path>& files) {
  const GenerationOptions& g = options.generation;
  std::error_code ignored;
  const fs::path weights = fs::path(arguments.model.directory) / "model.safetensors";
  const auto written = fs::last_write_time(weights, ignored).time_since_epoch().count();
  ContentHasher hasher;
  const auto add = [&](const std::string& text) { hasher.add(text.c_str(), text.size() + 1); };
  add(fmt::format("{} {} {}", arguments.model.directory, written,
                  arguments.model.options.precision));
  add(fmt::format("{} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(g.strategy), g.beams,
                  g.top_p, g.temperature, g.seed, g.min_new_tokens, g.max_new_tokens,
                  g.length_penalty, g.no_repeat_ngram, g.repetition_penalty, options.prompt));
  for (const fs::path& file : files) add(file.string());
  return hasher.hash();
}

CaptionRecord record_of(const fs::path& file, const Caption& caption,
                        const std::optional<Error>& error) {
  CaptionRecord record{.image = file.string(), .caption = caption};
  if (!error) return record;
  record.error = error->what();
  record.is_missing = error->kind() == ErrorKind::kMissingInput;
  return record;
}

// Counts invalid images and names each.
class Report {
 public:
  void add(const CaptionRecord& record) {
    if (record.error.empty()) return;
    ++invalid_;
    all_missing_ = all_missing_ && record.is_missing;
    write_note(fmt::format("invalid: {}\n", record.error));
  }
  [[nodiscard]] size_t invalid() const { return invalid_; }
  [[nodiscard]] int exit_status() const {
    if (invalid_ == 0) return 0;
    return exit_code(all_missing_ ? ErrorKind::kMissingInput : ErrorKind::kData);
  }

 private:
  size_t invalid_ = 0;
  bool all_missing_ = true;
};

void write_captions(const Pipeline& pipeline, const std::vector<fs::path>& files, size_t done,
                    const CaptionOptions& options,
                    const std::function<void(CaptionRecord)>& write) {
  const auto chunk = static_cast<size_t>(pipeline.batch_size() * kBatchesPerChunk);
  for (size_t first = done; first < files.size(); first += chunk) {
    const std::vector<fs::path> part(
        files.begin() + static_cast<std::ptrdiff_t>(first),
        files.begin() + static_cast<std::ptrdiff_t>(std::min(first + chunk, files.size())));
    const PartialCaptions written =
        pipeline.try_caption_images(part, options, static_cast<int64_t>(first));
    for (size_t i = 0; i < part.size(); ++i)
      write(record_of(part[i], written.captions[i], written.errors[i]));
    if (notes_go_to_terminal())
      write_passing_note(fmt::format("{}/{} images", first + part.size(), files.size()));
  }
}

}  // namespace

int run_caption(const CaptionArguments& arguments) {
  CaptionOptions options = arguments.options;
  choose_strategy(arguments, options.generation);
  const std::vector<fs::path> files = list_pictures(arguments.images, arguments.allow_outside_root);
  if (!arguments.output.empty()) check_output_file(arguments.output);
  const Pipeline pipeline = load_pipeline(arguments.model);
  Report report;
  if (arguments.output.empty()) {
    write_output(record_header(arguments.format));
    write_captions(pipeline, files, 0, options, [&](const CaptionRecord& record) {
      report.add(record);
      write_output(record_line(record, arguments.format));
    });
  } else {
    UnfinishedOutput output(arguments.output, identity_of(arguments, options, files), files);
    const size_t done = output.records().size();
    for (const CaptionRecord& each : output.records()) report.add(each);
    if (done > 0) write_note(fmt::format("Resuming after {} of {} images.\n", done, files.size()));
    write_captions(pipeline, files, done, options, [&](CaptionRecord record) {
      report.add(record);
      output.add(std::move(record));
    });
    output.finish(arguments.format);
  }
  write_note(fmt::format("{} captions in {}, {} images left out\n", files.size() - report.invalid(),
                         arguments.output.empty() ? "standard output" : arguments.output,
                         report.invalid()));
  return report.exit_status();
}

}  // namespace tandem::apps
