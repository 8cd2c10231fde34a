#include "clip_caption/unfinished.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

struct Found {
  std::string identity;
  std::vector<CaptionRecord> records;
};

// What a stopped program left. Its last line may be half-written.
Found read_unfinished(const fs::path& path) {
  Found found;
  const std::string content = read_file(path);
  size_t begin = 0;
  for (size_t end = content.find('\n'); end != std::string::npos;
       begin = end + 1, end = content.find('\n', begin)) {
    const std::string line = content.substr(begin, end - begin);
    if (begin == 0) {
      found.identity = line;
    } else {
      found.records.push_back(parse_record(line));
    }
  }
  return found;
}

}  // namespace

UnfinishedOutput::UnfinishedOutput(const fs::path& output, const std::string& identity,
                                   const std::vector<fs::path>& images)
    : output_(output), path_(output.string() + ".unfinished") {
  std::error_code ignored;
  if (fs::exists(path_, ignored)) {
    Found found = read_unfinished(path_);
    if (!found.identity.empty() && found.identity != identity) {
      throw Error(ErrorKind::kUsage,
                  {.what = "an unfinished output of another model, other images or other options "
                           "is here",
                   .where = path_.string(),
                   .hint = "remove it, or choose another --output"});
    }
    records_ = std::move(found.records);
    records_.resize(std::min(records_.size(), images.size()));
    // JSON holds names as UTF-8 only.
    for (size_t i = 0; i < records_.size(); ++i) records_[i].image = images[i].string();
  }
  // Written again, so that it ends with a whole line.
  std::string content = identity + "\n";
  for (const CaptionRecord& each : records_) content += record_line(each, "jsonl");
  write_file_atomically(path_, content);
  file_.emplace(path_);
}

void UnfinishedOutput::add(CaptionRecord record) {
  file_->append(record_line(record, "jsonl"));
  records_.push_back(std::move(record));
}

void UnfinishedOutput::finish(const std::string& format) {
  std::string content = record_header(format);
  for (const CaptionRecord& each : records_) content += record_line(each, format);
  write_file_atomically(output_, content);
  file_.reset();
  std::error_code ignored;
  fs::remove(path_, ignored);
}

}  // namespace tandem::apps
