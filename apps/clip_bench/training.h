#pragma once

#include <functional>

#include <CLI/CLI.hpp>

namespace tandem::apps {

/// Declare the options of a verb and return what runs it: a whole training step, the loss alone,
/// and each kernel alone.
std::function<int()> define_train_step(CLI::App& verb);
std::function<int()> define_loss(CLI::App& verb);
std::function<int()> define_kernels(CLI::App& verb);

}  // namespace tandem::apps
