#include "distributed/bounded_call.h"

#include <exception>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace tandem {

std::optional<std::string> bounded_call(std::chrono::milliseconds limit,
                                        std::function<std::string()> action) {
  const auto task = std::make_shared<std::packaged_task<std::string()>>(std::move(action));
  std::future<std::string> result = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  if (result.wait_for(limit) != std::future_status::ready) return std::nullopt;
  try {
    return result.get();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace tandem
