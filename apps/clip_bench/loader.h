#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declares the options of `loader` and returns what runs it.
std::function<int()> define_loader(CLI::App& verb);

}  // namespace tandem::apps
