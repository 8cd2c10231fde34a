#pragma once

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "core/temporary_folder.h"
#include "distributed/free_port.h"
#include "tandem/core/error.h"
#include "tandem/distributed/connect.h"

namespace tandem::test {

/// Returns the place of rank `rank` among processes that meet at `port` of this machine.
inline Launch local_launch(int64_t rank, int64_t world_size, uint16_t port) {
  return {.launcher = "torchrun",
          .rank = rank,
          .local_rank = rank,
          .world_size = world_size,
          .local_world_size = world_size,
          .address = "127.0.0.1",
          .port = port,
          .hosts_store = rank == 0};
}

/// What a process did: its exit code (128 + n when signal n ended it), and what it reported.
struct Ending {
  int code = -1;
  std::string report;
};

/// Processes of this program, each of which runs a function and ends with what that returns. An
/// Error ends it with the exit code of its kind, and the report is then its message.
class Processes {
 public:
  using Body = std::function<std::string(int64_t rank)>;

  Processes(int64_t count, const Body& body) {
    for (int64_t rank = 0; rank < count; ++rank) ids_.push_back(start(rank, body));
  }
  ~Processes() {
    for (const pid_t id : ids_)
      if (id > 0) ::kill(id, SIGKILL), ::waitpid(id, nullptr, 0);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  void send(int64_t rank, int signal) const { ::kill(ids_[static_cast<size_t>(rank)], signal); }
  /// Waits for the end of a process.
  Ending finish(int64_t rank) {
    pid_t& id = ids_[static_cast<size_t>(rank)];
    int status = 0;
    ::waitpid(id, &status, 0);
    id = 0;
    std::ifstream file(folder_ / std::to_string(rank));
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .report = {std::istreambuf_iterator<char>(file), {}}};
  }

 private:
  pid_t start(int64_t rank, const Body& body) const {
    const pid_t id = ::fork();
    if (id != 0) return id;
    int code = 0;
    std::string report;
    try {
      report = body(rank);
    } catch (const Error& error) {
      report = error.what();
      code = exit_code(error.kind());
    } catch (const std::exception& error) {
      report = error.what();
      code = 1;
    }
    std::ofstream(folder_ / std::to_string(rank)) << report;
    ::_exit(code);
  }

  TemporaryFolder folder_;
  std::vector<pid_t> ids_;
};

}  // namespace tandem::test
