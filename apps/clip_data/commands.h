#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declares the verbs of clip-data on `app` and returns what runs the chosen one.
[[nodiscard]] std::function<int()> define_commands(CLI::App& app);

}  // namespace tandem::apps
