#pragma once

#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::apps {

/// Standard output was closed by its reader, who has seen enough. run_app ends quietly on it.
struct ReaderGone : std::exception {};

/// Writes data to standard output, as it is unless that is a terminal: there control characters are
/// escaped (tandem/core/text.h). Throws ReaderGone, or Error kIo (a full disk behind a
/// redirection).
void write_output(std::string_view text);
/// Writes text for people to standard output: control characters are always escaped. Throws as
/// write_output.
void write_readable(std::string_view text);
/// Makes sure that everything written has arrived. Throws as write_output.
void flush_output();
/// Writes words to standard error, control characters escaped; a failure is ignored, since there is
/// nowhere left to tell it.
void write_note(std::string_view text);
/// Shows `line` on a terminal so that what is written next takes its place.
void write_passing_note(std::string_view line);
/// Whether standard error is a terminal.
[[nodiscard]] bool notes_go_to_terminal() noexcept;

/// Makes sure that write_file_atomically will be able to begin, before the work that it is to keep.
/// Throws kCannotCreate; leaves no file.
void check_output_file(const std::filesystem::path& path);

/// The same for an AtomicDirectory at `path`, where the folder that it goes into is there.
void check_output_folder(const std::filesystem::path& path);

/// Returns the lines of a text file without line ends (LF or CRLF) and byte order mark; `-` is
/// standard input. One warning counts the lines that are not UTF-8. Throws as read_file, and kData
/// for UTF-16.
[[nodiscard]] std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Returns the file names on standard input: one per line or, where it holds a NUL byte, separated
/// by these, as `find -print0` writes them. Throws kIo.
[[nodiscard]] std::vector<std::string> read_file_list();

/// Returns `text` as one CSV field (RFC 4180), quoted if need be.
[[nodiscard]] std::string csv_field(std::string_view text);

}  // namespace tandem::apps
