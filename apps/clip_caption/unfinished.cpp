#include "clip_caption/unfinished.h"

#include <system_error>
#include <utility>

namespace tandem::apps {

namespace fs = std::filesystem;

UnfinishedOutput::UnfinishedOutput(const fs::path& output, const std::string& identity,
                                   const std::vector<fs::path>& images)
    : output_(output),
      path_(output.string() + ".unfinished"),
      lines_(path_, identity, images.size()) {
  for (const std::string& line : lines_.lines()) {
    records_.push_back(parse_record(line));
    // JSON holds names as UTF-8 only.
    records_.back().image = images[records_.size() - 1].string();
  }
}

void UnfinishedOutput::add(CaptionRecord record) {
  lines_.add(record_line(record, "jsonl"));
  records_.push_back(std::move(record));
}

void UnfinishedOutput::finish(const std::string& format) {
  std::string content = record_header(format);
  for (const CaptionRecord& each : records_) content += record_line(each, format);
  write_file_atomically(output_, content);
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace tandem::apps
