#include "clip_caption/caption.h"

#include <filesystem>
#include <functional>
#include <optional>

#include <fmt/format.h>

#include "clip_caption/record.h"
#include "clip_caption/unfinished.h"
#include "common/images.h"
#include "common/model_arguments.h"
#include "common/text_io.h"
#include "tandem/core/files.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

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
  ContentHasher hasher;
  const auto add = [&](const std::string& text) { hasher.add(text.c_str(), text.size() + 1); };
  add(fmt::format("{} {}", weights_identity(arguments.model.directory),
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

// Names an invalid image, and counts it.
void report(const CaptionRecord& record, Failures& failures) {
  if (record.error.empty()) return;
  failures.add(
      Error(record.is_missing ? ErrorKind::kMissingInput : ErrorKind::kData, record.error));
  write_note(fmt::format("invalid: {}\n", record.error));
}

void write_captions(const Pipeline& pipeline, const std::vector<fs::path>& files, size_t done,
                    const CaptionOptions& options,
                    const std::function<void(CaptionRecord)>& write) {
  const auto write_part = [&](const std::vector<fs::path>& part, size_t first) {
    const PartialCaptions written =
        pipeline.try_caption_images(part, options, static_cast<int64_t>(first));
    for (size_t i = 0; i < part.size(); ++i)
      write(record_of(part[i], written.captions[i], written.errors[i]));
    if (notes_go_to_terminal())
      write_passing_note(fmt::format("{}/{} images", first + part.size(), files.size()));
  };
  in_chunks(files, pipeline, write_part, done);
}

}  // namespace

int run_caption(const CaptionArguments& arguments) {
  CaptionOptions options = arguments.options;
  choose_strategy(arguments, options.generation);
  const std::vector<fs::path> files = list_images(arguments.images, arguments.allow_outside_root);
  if (!arguments.output.empty()) check_output_file(arguments.output);
  const Pipeline pipeline = load_pipeline(arguments.model);
  Failures failures;
  if (arguments.output.empty()) {
    write_output(record_header(arguments.format));
    write_captions(pipeline, files, 0, options, [&](const CaptionRecord& record) {
      report(record, failures);
      write_output(record_line(record, arguments.format));
    });
  } else {
    UnfinishedOutput output(arguments.output, identity_of(arguments, options, files), files);
    const size_t done = output.records().size();
    for (const CaptionRecord& each : output.records()) report(each, failures);
    if (done > 0) write_note(fmt::format("Resuming after {} of {} images.\n", done, files.size()));
    write_captions(pipeline, files, done, options, [&](CaptionRecord record) {
      report(record, failures);
      output.add(std::move(record));
    });
    output.finish(arguments.format);
  }
  write_note(fmt::format("{} captions in {}, {} images left out\n", files.size() - failures.count(),
                         arguments.output.empty() ? "standard output" : arguments.output,
                         failures.count()));
  return failures.code();
}

}  // namespace tandem::apps
