#include "common/process.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "tandem/core/files.h"

namespace tandem::apps {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// A handler may only write to this pipe; a thread that reads from it does the rest.
int pipe_ends[2] = {-1, -1};
std::atomic<bool> ending{false};

[[noreturn]] void die_of(int signal) {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, signal);
  pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
  ::raise(signal);
  _exit(128 + signal);
}

void wait_for_signal() {
  unsigned char signal = 0;
  ssize_t got = 0;
  do got = ::read(pipe_ends[0], &signal, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) return;
  remove_staging();
  die_of(signal);
}

bool start_waiting() {
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return false;
  try {
    std::thread(wait_for_signal).detach();
    return true;
  } catch (const std::system_error&) {  // no thread to be had
    return false;
  }
}

}  // namespace

void open_standard_streams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", O_RDWR);
}

void clean_up_on_signals() {
  static const bool waiting = start_waiting();
  if (!waiting) return;
  struct sigaction action = {};
  action.sa_handler = end_by_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

void end_by_signal(int signal) noexcept {
  const int saved_errno = errno;
  const auto number = static_cast<unsigned char>(signal);
  if (ending.exchange(true) || ::write(pipe_ends[1], &number, 1) != 1) _exit(128 + signal);
  errno = saved_errno;
}

}  // namespace tandem::apps
