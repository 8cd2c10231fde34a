#include "common/imported_model.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"
#include "tandem/inference/pipeline.h"
#include "tandem/model/foreign_model.h"
#include "tandem/version.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

// Largest difference relative to the largest value, in fp32.
constexpr double kTolerance = 1e-5;
constexpr int kDepth = 2;  // text_tower/config.json, 1_Pooling/config.json
constexpr const char* kGoldenText = "A photo of two dogs, it's 7:30 &amp; sunny!";

std::string write_tokenizer(const ImportedModel& source, const fs::path& input,
                            const fs::path& directory) {
  const auto copied = copy_tokenizer_files(folder_of_model(input), directory);
  if (copied.empty())
    return source.model->text
               ? "tokenizer: not found beside the input; texts can only be encoded from token ids\n"
               : "";
  if (source.cleaning == TextCleaning::kAsFile)
    return fmt::format("tokenizer: {}\n", fmt::join(copied, ", "));
  Tokenizer::load(directory, {.cleaning = source.cleaning}).save(directory / "tokenizer.json");
  return fmt::format("tokenizer: {}; texts are cleaned as open_clip does it: {}\n",
                     fmt::join(copied, ", "), cleaning_name(source.cleaning));
}

// Gives the golden sample a text that the tokenizer reads.
void try_pipeline(const ImportedModel& source, const fs::path& directory) {
  const Pipeline pipeline = Pipeline::load(directory, {.device = "cpu"});
  if (!pipeline.has_tokenizer()) return;
  GoldenText text{.text = kGoldenText};
  text.ids = pipeline.tokenizer().encode(text.text, source.config.model.text.context_length).ids;
  save_golden_sample(directory, make_golden_sample(source.model, std::move(text)));
}

// A line for each file that may be part of the model.
std::string files_of(const fs::path& path) {
  std::vector<std::string> lines;
  const auto add = [&](const fs::path& file) {
    lines.push_back(fmt::format("{} {} {}\n", file.lexically_relative(path).string(),
                                fs::file_size(file),
                                fs::last_write_time(file).time_since_epoch().count()));
  };
  if (fs::is_regular_file(path)) add(path);
  const fs::path folder = folder_of_model(path);
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::end(entry); ++entry) {
    const bool hidden = entry->path().filename().string().starts_with(".");
    if (hidden || entry.depth() >= kDepth - 1) entry.disable_recursion_pending();
    if (entry->is_regular_file()) add(entry->path());
  }
  std::ranges::sort(lines);
  return fmt::format("{}", fmt::join(lines, ""));
}

fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return fs::path(cache) / "tandem" / "models";
  const char* home = std::getenv("HOME");
  if (home && *home) return fs::path(home) / ".cache" / "tandem" / "models";
  throw Error(ErrorKind::kCannotCreate,
              "no cache folder for the converted model: neither XDG_CACHE_HOME nor HOME is set");
}

void require_same(const ImportedModel& source, const fs::path& directory) {
  const GoldenDifference difference = golden_difference(
      import_model(directory, ModelFormat::kTandem).model, make_golden_sample(source.model));
  if (difference.image <= kTolerance && difference.text <= kTolerance) return;
  throw Error(ErrorKind::kCheckpoint, {.what = "the converted model does not give the same numbers",
                                       .where = directory.string()});
}

fs::path convert_into_cache(const fs::path& path, const ForeignModel& foreign) {
  const fs::path place = fs::canonical(path);
  const std::string key = fmt::format("{}\n{}\n{}", kVersion, place.string(), files_of(place));
  const fs::path target = cache_folder() / fmt::format("{:016x}", hash_bytes(key));
  if (fs::exists(target / "config.json")) return target;
  const ImportedModel source = import_model(place, parse_model_format(foreign.format));
  require_finite(source.model, path.string());
  AtomicDirectory staging(target);
  (void)write_imported_model(source, place, staging.path());
  require_same(source, staging.path());
  // Another process may have been faster.
  if (!fs::exists(target / "config.json")) staging.commit();
  write_note(fmt::format("{} is {}: converted, and kept in {}\n", path.string(),
                         source.report.family, target.string()));
  return target;
}

}  // namespace

void require_finite(const ClipModel& model, const std::string& where) {
  const std::vector<std::string> bad = weights_not_finite(model);
  if (bad.empty()) return;
  throw Error(ErrorKind::kCheckpoint, {.what = "weights that are not finite",
                                       .where = where,
                                       .found = fmt::format("{}", fmt::join(bad, ", "))});
}

fs::path folder_of_model(const fs::path& input) {
  if (fs::is_directory(input)) return input;
  return input.has_parent_path() ? input.parent_path() : fs::path(".");
}

WrittenModel write_imported_model(const ImportedModel& source, const fs::path& input,
                                  const fs::path& directory) {
  WrittenModel written{
      .report = export_model(directory, ModelFormat::kTandem, source.model, source.config),
      .tokenizer = write_tokenizer(source, input, directory)};
  try_pipeline(source, directory);
  return written;
}

fs::path model_directory(const fs::path& path) {
  const auto foreign = recognize_foreign_model(path);
  if (!foreign) return path;
  const std::string by_hand = "To convert it by hand: " + convert_command(path, *foreign);
  try {
    return convert_into_cache(path, *foreign);
  } catch (const Error& error) {
    throw error.with_note(by_hand);
  } catch (const fs::filesystem_error& error) {
    const ErrorText text = {.what = describe_system_error(error.code().value()),
                            .where = path.string()};
    throw Error(ErrorKind::kIo, text).with_note(by_hand);
  }
}

}  // namespace tandem::apps
