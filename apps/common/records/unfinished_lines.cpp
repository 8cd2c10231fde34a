#include "common/records/unfinished_lines.h"

#include <algorithm>
#include <system_error>

#include "tandem/core/error.h"

namespace tandem::apps {

UnfinishedLines::UnfinishedLines(const std::filesystem::path& path, const std::string& identity,
                                 size_t most) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const std::string content = read_file(path);
    size_t begin = 0;
    for (size_t end = content.find('\n'); end != std::string::npos;
         begin = end + 1, end = content.find('\n', begin))
      lines_.push_back(content.substr(begin, end + 1 - begin));
    if (!lines_.empty() && lines_.front() != identity + "\n") {
      throw Error(ErrorKind::kUsage,
                  {.what = "an unfinished output of another model, other images or other options "
                           "is here",
                   .where = path.string(),
                   .hint = "remove it, or choose another --output"});
    }
    if (!lines_.empty()) lines_.erase(lines_.begin());
    lines_.resize(std::min(lines_.size(), most));
  }
  // Written again, so that it ends with a whole line.
  std::string content = identity + "\n";
  for (const std::string& line : lines_) content += line;
  write_file_atomically(path, content);
  file_.emplace(path);
}

void UnfinishedLines::add(const std::string& line) {
  file_->append(line);
  lines_.push_back(line);
}

}  // namespace tandem::apps
