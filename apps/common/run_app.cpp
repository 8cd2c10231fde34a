#include "common/run_app.h"

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/process.h"
#include "common/suggestion.h"
#include "common/text_io.h"
#include "tandem/core/files.h"
#include "tandem/core/library_error.h"
#include "tandem/core/log.h"
#include "tandem/core/memory.h"
#include "tandem/version.h"

namespace tandem::apps {
namespace {

int report(std::string_view message, int code) {
  write_note(fmt::format("error: {}\n", message));
  return code;
}

// CLI11 misses a required option before it looks at one that is not known, and a verb before it
// looks at the word in its place.
ErrorText parse_problem(CLI::App& app, const CLI::ParseError& error, const AppInfo& info) {
  ErrorText text{.what = error.what(), .hint = fmt::format("{} --help", info.name)};
  if (const std::string unknown = unknown_option(app); !unknown.empty()) {
    const std::string nearest = nearest_option(app, unknown);
    text.what = fmt::format("unknown option {}", unknown);
    if (!nearest.empty()) text.what += fmt::format("; did you mean {}?", nearest);
    return text;
  }
  const std::vector<std::string> left = app.remaining();
  const bool no_verb = app.get_require_subcommand_min() > 0 && app.get_subcommands().empty();
  if (!no_verb || left.empty() || left.front().starts_with('-')) return text;
  std::vector<std::string> verbs;
  for (const CLI::App* each : app.get_subcommands({})) verbs.push_back(each->get_name());
  text.what = "unknown subcommand";
  text.expected = fmt::format("one of {}", fmt::join(verbs, ", "));
  text.found = left.front();
  return text;
}

// A shell leaves the ~ of --model=~/x and of quoted words as it is.
void expand_homes(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    const std::string_view word = std::string_view(type).substr(0, type.find(':'));
    if (word == "DIR" || word == "FILE" || word == "PATH") option->transform(expand_home);
  }
  for (CLI::App* verb : app.get_subcommands({})) expand_homes(*verb);
}

int run_guarded(const std::function<int()>& action) {
  try {
    const int code = action();
    flush_output();
    return code;
  } catch (const ReaderGone&) {
    return 0;
  } catch (const std::exception& error) {
    const Error ours = library_error(error);
    return report(ours.what(), exit_code(ours.kind()));
  }
}

}  // namespace

int run_app(int argc, char** argv, const AppInfo& info, const DefineApp& define) {
  open_standard_streams();
  keep_freed_memory();
  clean_up_on_signals();
  std::signal(SIGPIPE, SIG_IGN);  // both are seen where they happen: as an error of write
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app(info.summary, info.name);
  app.footer(info.footer);
  app.set_version_flag("--version", fmt::format("{} {}", info.name, kVersion));
  std::string log_level = info.log_level;
  app.add_option("--log-level", log_level, "debug, info, warn, error or off")
      ->capture_default_str();
  app.get_formatter()->column_width(30);
  return run_guarded([&] {
    const std::function<int()> action = define(app);
    expand_homes(app);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
        return app.exit(error);
      throw Error(ErrorKind::kUsage, parse_problem(app, error, info));
    }
    log_to_stderr(parse_log_level(log_level));
    return action();
  });
}

}  // namespace tandem::apps
