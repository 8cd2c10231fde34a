#include "common/text_io.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/text.h"

namespace tandem::apps {
namespace {

[[noreturn]] void fail_output() {
  if (errno == EPIPE) throw ReaderGone();
  throw Error(
      ErrorKind::kIo,
      {.what = "writing failed", .where = "standard output", .found = std::strerror(errno)});
}

void write_all(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) fail_output();
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
  const AtomicFile never_committed(path);
}

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  const std::string content = path == "-" ? read_stdin() : read_file(path);
  std::string_view rest = content;
  if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
  const char end = rest.find('\0') == std::string_view::npos ? '\n' : '\0';
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const size_t at = rest.find(end);
    std::string_view line = rest.substr(0, at);
    rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
    if (end == '\n' && line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
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
