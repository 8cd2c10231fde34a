#include "common/text_io.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "tandem/core/text.h"

namespace tandem::apps {
namespace {

[[noreturn]] void fail_output() {
  if (errno == EPIPE) throw ReaderGone();
  throw Error(ErrorKind::kIo, {.what = "writing failed",
                               .where = "standard output",
                               .found = std::strerror(errno),
                               .reason = "write error"});
}

void write_all(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail_output();
}

/// Parts that end in `end`, the last one also in nothing.
std::vector<std::string> split(std::string_view text, char end) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t at = text.find(end);
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  }
  return parts;
}

/// Lines without line ends and byte order mark.
std::vector<std::string> lines_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines)
    if (line.ends_with('\r')) line.pop_back();
  return lines;
}

/// Warns of lines that are not UTF-8, with their count and the first.
void tell_damaged(const std::string& name, const std::vector<std::string>& lines) {
  const auto is_damaged = [](const std::string& line) { return !is_utf8(line); };
  const auto count = std::count_if(lines.begin(), lines.end(), is_damaged);
  if (count == 0) return;
  const auto first = std::find_if(lines.begin(), lines.end(), is_damaged) - lines.begin() + 1;
  log_warn(
      fmt::format("{}: {} lines are not UTF-8, the first is line {}: each byte that is wrong "
                  "becomes U+FFFD. Save the file as UTF-8.",
                  name, count, first));
}

std::string read_stdin() {
  std::string content;
  char block[65536];
  while (const size_t got = std::fread(block, 1, sizeof block, stdin)) content.append(block, got);
  if (std::ferror(stdin))
    throw Error(ErrorKind::kIo, ErrorText{.what = "reading failed", .where = "standard input"});
  return content;
}

}  // namespace

void write_output(std::string_view text) {
  static const bool terminal = isatty(STDOUT_FILENO) != 0;
  if (terminal) return write_all(printable(text, LineEnds::kKeep));
  write_all(text);
}

void write_readable(std::string_view text) { write_all(printable(text, LineEnds::kKeep)); }

void flush_output() {
  if (std::fflush(stdout) != 0) fail_output();
}

void write_note(std::string_view text) {
  const std::string shown = printable(text, LineEnds::kKeep);
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  std::fflush(stderr);
}

void write_passing_note(std::string_view line) {
  constexpr std::string_view kClearRestAndReturn = "\033[K\r";
  const std::string shown = printable(line).append(kClearRestAndReturn);
  std::fwrite(shown.data(), 1, shown.size(), stderr);
  std::fflush(stderr);
}

bool notes_go_to_terminal() noexcept { return isatty(STDERR_FILENO) != 0; }

void check_output_file(const std::filesystem::path& path) {
  clear_leftovers_of(path);
  const AtomicFile never_committed(path);
}

void check_output_folder(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path place = std::filesystem::absolute(path, error).parent_path();
  if (std::filesystem::exists(place, error)) const AtomicDirectory never_committed(path);
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const std::string content = path == "-" ? read_stdin() : read_file(path);
  if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) {
    throw Error(ErrorKind::kData, {.what = "wrong encoding",
                                   .where = path.string(),
                                   .expected = "UTF-8",
                                   .found = "UTF-16",
                                   .hint = "save it as UTF-8"});
  }
  std::vector<std::string> lines = lines_of(content);
  tell_damaged(path == "-" ? "standard input" : path.string(), lines);
  return lines;
}

std::vector<std::string> read_file_list() {
  const std::string content = read_stdin();
  return content.find('\0') == std::string::npos ? lines_of(content) : split(content, '\0');
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char each : text) {
    if (each == '"') field += '"';
    field += each;
  }
  return field + '"';
}

}  // namespace tandem::apps
