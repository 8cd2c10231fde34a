#include "clip_data/export.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "clip_data/captions.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/image/encode.h"

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

/// Where sample `index` goes, from the output folder: one folder per class, or one for all.
fs::path image_path(const Source& source, const RawSample& sample, int64_t index) {
  const auto& classes = source.class_names();
  const fs::path folder =
      sample.class_index < 0 ? "images" : classes.at(static_cast<size_t>(sample.class_index));
  return folder / fmt::format("{:06}.png", index);
}

/// A caption as one field of the table, quoted where it would break the line otherwise.
std::string table_field(const std::string& text) {
  if (text.find_first_of("\t\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char each : text) field += each == '"' ? "\"\"" : std::string(1, each);
  return field + '"';
}

void write_whole(const fs::path& path, const std::string& content) {
  FileWriter writer(path);
  writer.write(content);
  writer.commit();
}

/// Writes one image and returns its rows of the table, one per caption.
std::string export_sample(const Source& source, int64_t index, uint64_t seed,
                          const fs::path& folder) {
  const RawSample sample = source.sample(index, seed);
  const std::vector<std::string> captions = filled_captions(sample);
  const fs::path path = image_path(source, sample, index);
  tandem::create_directories((folder / path).parent_path());
  write_whole(folder / path, encode_png(sample.image));
  std::string rows;
  for (const std::string& caption : captions)
    rows += fmt::format("{}\t{}\n", path.string(), table_field(caption));
  return rows;
}

void write_classes(const Source& source, const fs::path& folder) {
  if (source.class_names().empty()) return;
  write_whole(folder / "classes.txt", fmt::format("{}\n", fmt::join(source.class_names(), "\n")));
}

}  // namespace

int run_export(const ExportArguments& arguments) {
  const RunData data = open_data(arguments.data);
  const Source& source = *data.source;
  const int64_t count =
      arguments.count > 0 ? std::min(arguments.count, source.size()) : source.size();
  require_new_folder(arguments.output);
  AtomicDirectory folder(arguments.output);
  std::string table = "filepath\ttitle\n";
  int64_t unusable = 0;
  for (int64_t i = 0; i < count; ++i) {
    try {
      table += export_sample(source, i, data.config.run.seed, folder.path());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kData && error.kind() != ErrorKind::kMissingInput) throw;
      ++unusable;
      write_note(fmt::format("left out: {}\n", error.what()));
    }
  }
  write_whole(folder.path() / "captions.tsv", table);
  write_classes(source, folder.path());
  folder.commit();
  write_note(
      fmt::format("{} images in {}, {} left out\n", count - unusable, arguments.output, unusable));
  return unusable == 0 ? 0 : exit_code(ErrorKind::kData);
}

}  // namespace tandem::apps
