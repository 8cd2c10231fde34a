#include "clip_convert/convert.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/imported_model.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/interop/convert.h"
#include "tandem/interop/tokenizer_export.h"
#include "tandem/interop/verify.h"
#include "tandem/model/model_directory.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

// Largest difference relative to the largest reference value, in fp32.
constexpr double kTolerance = 1e-5;

// Absolute, without links; what is not there yet is as written.
fs::path real_place(const std::string& written) {
  std::error_code error;
  const fs::path place = fs::weakly_canonical(fs::absolute(written), error);
  if (!error) return place.has_filename() ? place : place.parent_path();
  throw Error(ErrorKind::kCannotCreate, {.what = "cannot be reached",
                                         .where = written,
                                         .found = describe_system_error(error.value())});
}

bool holds(const fs::path& folder, const fs::path& path) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

bool holds_model(const fs::path& folder) {
  const auto has = [&](const char* name) { return fs::exists(folder / name); };
  return (has("config.json") && has("model.safetensors")) ||
         (has("open_clip_config.json") && has("open_clip_model.safetensors"));
}

// What is at the output and must not go.
void refuse_occupied(const ConvertArguments& arguments, const fs::path& output) {
  if (fs::is_symlink(output)) {
    throw Error(ErrorKind::kCannotCreate, {.what = "the output is a broken link",
                                           .where = arguments.output,
                                           .found = fs::read_symlink(output).string()});
  }
  if (!fs::exists(output) || (fs::is_directory(output) && fs::is_empty(output))) return;
  const bool model = fs::is_directory(output) && holds_model(output);
  if (model && arguments.force) return;
  throw Error(ErrorKind::kCannotCreate,
              {.what = model ? "the output exists already" : "the output exists and is not a model",
               .where = arguments.output,
               .hint = model ? "another --output, or --force to replace it"
                             : "another --output, or remove it first"});
}

// Returns the folder to write: a link stays, and what it points to is replaced.
fs::path checked_output(const ConvertArguments& arguments) {
  const fs::path input = real_place(arguments.input);
  if (!arguments.model_name.empty() && arguments.from != "open_clip")
    throw Error(ErrorKind::kUsage,
                {.what = "--model-name is open_clip's", .found = arguments.from});
  const fs::path output = real_place(arguments.output);
  if (holds(input, output) || holds(output, input)) {
    throw Error(ErrorKind::kUsage,
                {.what = input == output ? "input and output are the same directory"
                                         : "one of input and output is inside the other",
                 .where = arguments.output});
  }
  refuse_occupied(arguments, output);
  return output;
}

// Prints each difference; returns whether all are small.
bool report_outputs(const VerifiedOutputs& outputs, const std::string& against) {
  bool good = true;
  for (const auto& [name, difference] : outputs) {
    const bool small = difference <= kTolerance;
    good = good && small;
    write_output(fmt::format("verify: {} differs by {:.2e} from {}: {}\n", name, difference,
                             against, small ? "ok" : "TOO MUCH"));
  }
  return good;
}

bool verify(const ConvertArguments& arguments, const ImportedModel& source,
            const fs::path& written) {
  bool good = true;
  if (!arguments.reference.empty())
    good = report_outputs(verify_model(source.model, arguments.reference), arguments.reference);
  // Through both name maps: what was written is read again, and embeds the same sample.
  const ImportedModel again =
      import_model(written, parse_model_format(arguments.to), {.timm_heads = arguments.timm_heads});
  const GoldenSample sample = make_golden_sample(source.model);
  const GoldenDifference difference = golden_difference(again.model, sample);
  VerifiedOutputs outputs;
  if (source.model->image) outputs.emplace("image_embedding", difference.image);
  if (source.model->text) outputs.emplace("text_embedding", difference.text);
  return report_outputs(outputs, "the input, read back from the output") && good;
}

TokenizerExportOptions tokenizer_options(const ConvertArguments& arguments,
                                         const ImportedModel& source) {
  return {.format = parse_model_format(arguments.to),
          .config = source.config,
          .cleaning = source.cleaning};
}

// Texts through the tokenizer that was written.
bool verify_tokenizer(const ConvertArguments& arguments, const ImportedModel& source,
                      const fs::path& written) {
  if (!source.model->text || parse_model_format(arguments.to) == ModelFormat::kTandem) return true;
  const TokenizerDifference found = compare_tokenizers(folder_of_model(arguments.input), written,
                                                       tokenizer_options(arguments, source));
  if (found.texts == 0) return true;
  write_output(
      fmt::format("verify: {} of {} sample texts get other ids from the tokenizer that was "
                  "written: {}\n",
                  found.differing, found.texts, found.differing == 0 ? "ok" : "TOO MUCH"));
  if (found.differing > 0) write_output(fmt::format("verify: the first is \"{}\"\n", found.first));
  return found.differing == 0;
}

// Writes the tokenizer's files and returns what became of them, as lines.
std::string write_tokenizer(const ConvertArguments& arguments, const ImportedModel& source,
                            const fs::path& directory) {
  const ExportedTokenizer exported = export_tokenizer(folder_of_model(arguments.input), directory,
                                                      tokenizer_options(arguments, source));
  if (exported.files.empty())
    return source.model->text
               ? "tokenizer: not found beside the input; texts can only be encoded from token ids\n"
               : "";
  std::string lines = fmt::format("tokenizer: {}\n", fmt::join(exported.files, ", "));
  for (const std::string& note : exported.notes) lines += fmt::format("  note: {}\n", note);
  return lines;
}

ConversionReport write(const ConvertArguments& arguments, const ImportedModel& source,
                       const fs::path& directory) {
  const ModelFormat format = parse_model_format(arguments.to);
  if (format == ModelFormat::kTandem) {
    const WrittenModel written = write_imported_model(source, arguments.input, directory);
    write_output(written.tokenizer);
    return written.report;
  }
  const ConversionReport report = export_model(directory, format, source.model, source.config);
  write_output(write_tokenizer(arguments, source, directory));
  return report;
}

}  // namespace

int convert(const ConvertArguments& arguments) {
  const fs::path output = checked_output(arguments);
  check_output_folder(output);
  const ImportOptions options{.allow_pickle = arguments.allow_pickle,
                              .timm_heads = arguments.timm_heads,
                              .config = arguments.config,
                              .model_name = arguments.model_name};
  const ImportedModel source =
      import_model(arguments.input, parse_model_format(arguments.from), options);
  write_output("from " + report_text(source.report, arguments.table));
  require_finite(source.model, arguments.input);
  AtomicDirectory staging(output, is_model_file);
  const ConversionReport report = write(arguments, source, staging.path());
  write_output("to " + report_text(report, arguments.table && report.family != "Tandem"));
  const bool good = !arguments.verify || (verify(arguments, source, staging.path()) &&
                                          verify_tokenizer(arguments, source, staging.path()));
  if (!good) {
    write_note("error: the conversion does not give the same numbers; nothing was written\n");
    return exit_code(ErrorKind::kData);
  }
  staging.commit();
  write_output(fmt::format("written: {}\n", arguments.output));
  const auto files = std::distance(fs::directory_iterator(output), fs::directory_iterator());
  write_note(fmt::format("{} files with {} tensors in {}\n", files,
                         named_weights(*source.model).size(), arguments.output));
  return 0;
}

}  // namespace tandem::apps
