#pragma once

#include <chrono>
#include <string>

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "tandem/distributed/launch.h"

namespace tandem {

/// Returns c10d's Gloo group of the processes of `launch`, which all call this. Exchanges throw
/// after `timeout`. Throws kUsage where this build has no Gloo.
[[nodiscard]] c10::intrusive_ptr<c10d::Backend> make_gloo_group(
    const c10::intrusive_ptr<c10d::Store>& store, const Launch& launch,
    std::chrono::milliseconds timeout);

/// Whether this build has Gloo.
[[nodiscard]] bool has_gloo() noexcept;

/// Returns the address of this machine's interface that leads to `host`; empty where there is none.
[[nodiscard]] std::string address_towards(const std::string& host);

}  // namespace tandem
