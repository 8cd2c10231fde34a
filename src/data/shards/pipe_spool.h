#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

/// Returns the words of a command line: separated by blanks, quotes ('…', "…") and backslashes as a
/// shell takes them. Empty when the command needs a shell: it holds one of | & ; < > ( ) $ ` * ? [
/// ~ # outside of quotes, an assignment in front, or a quote that is not closed.
[[nodiscard]] std::vector<std::string> split_command(const std::string& command);

/// Returns the file in `cache` that holds what `command` writes to standard output, running it
/// first if it is not there: directly where split_command can take it apart, else by /bin/sh. The
/// file appears whole or not at all; its name follows from the command. Throws kData when the
/// command fails, kMissingInput when it is not found, kCannotCreate and kIo.
[[nodiscard]] std::filesystem::path spool_pipe(const std::string& command,
                                               const std::filesystem::path& cache);

}  // namespace tandem
