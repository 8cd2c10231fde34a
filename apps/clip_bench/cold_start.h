#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declares the options of `cold-start` and returns what runs it.
std::function<int()> define_cold_start(CLI::App& verb);

}  // namespace tandem::apps
