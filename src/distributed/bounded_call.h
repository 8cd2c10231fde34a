#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace tandem {

/// Runs `action` in a thread and returns its result. Returns nothing when it throws or takes longer
/// than `limit`: the thread is left alone then, so `action` owns all it uses. c10d's TCPStore waits
/// without end for a server that is stopped.
[[nodiscard]] std::optional<std::string> bounded_call(std::chrono::milliseconds limit,
                                                      std::function<std::string()> action);

}  // namespace tandem
