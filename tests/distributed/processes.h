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

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/temporary_folder.h"
#include "tandem/core/error.h"
#include "tandem/distributed/connect.h"

namespace tandem::test {

/// Returns a port of this machine that nobody listens at.
inline uint16_t free_port() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool ok =
      ::bind(descriptor, generic, length) == 0 && ::getsockname(descriptor, generic, &length) == 0;
  ::close(descriptor);
  if (!ok) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

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
