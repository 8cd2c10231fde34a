#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declare the options of a verb and return what runs it.
std::function<int()> define_encode_image(CLI::App& verb);
std::function<int()> define_encode_text(CLI::App& verb);

}  // namespace tandem::apps
