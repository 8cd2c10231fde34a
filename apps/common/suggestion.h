#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Returns the first argument that looks like an option and that neither `app` nor its verb has,
/// without its value; empty when there is none. For a command line that could not be parsed.
[[nodiscard]] std::string unknown_option(const CLI::App& app);

/// Returns the option of `app` and its verb that `name` was most likely meant to be (--cfg gives
/// --config), empty when none is near.
[[nodiscard]] std::string nearest_option(const CLI::App& app, const std::string& name);

}  // namespace tandem::apps
