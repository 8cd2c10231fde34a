#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

struct AppInfo {
  const char* name;                ///< As the user types it.
  const char* summary;             ///< One or two sentences for --help.
  const char* footer = "";         ///< Examples and notes below --help's options.
  const char* log_level = "info";  ///< Default of --log-level.
};

/// Declares a program's own options on `app` and returns what to do once they are parsed; that
/// returns the exit code.
using DefineApp = std::function<std::function<int()>(CLI::App& app)>;

/// Runs a program: parses the command line with --help, --version and --log-level beside its own
/// options, runs it, and turns whatever it throws into one `error: …` line on standard error and an
/// exit code of exit_code(). A reader that closes standard output early ends the program with 0.
/// Streams and signals are taken care of first (common/process.h).
[[nodiscard]] int run_app(int argc, char** argv, const AppInfo& info, const DefineApp& define);

}  // namespace tandem::apps
