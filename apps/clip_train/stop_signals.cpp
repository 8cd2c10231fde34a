#include "clip_train/stop_signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <unistd.h>

#include "common/process.h"

namespace tandem::apps {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};

std::atomic<Trainer*> active{nullptr};
std::atomic<bool> asked{false};
std::atomic<bool> answers{true};

// Only async-signal-safe calls from here on.
void handle(int signal) {
  const int saved_errno = errno;
  Trainer* trainer = active.load();
  if (asked.exchange(true) || trainer == nullptr) {
    end_by_signal(signal);
    errno = saved_errno;
    return;
  }
  trainer->request_stop();
  constexpr std::string_view kNote =
      "\nstopping after this step; once more to stop at once and lose the steps since the last "
      "checkpoint\n";
  if (answers.load()) [[maybe_unused]]
    const auto written = ::write(STDERR_FILENO, kNote.data(), kNote.size());
  errno = saved_errno;
}

void install(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    const bool under_nohup = signal == SIGHUP && before.sa_handler == SIG_IGN;
    if (!under_nohup) sigaction(signal, &action, nullptr);
  }
}

}  // namespace

StopSignals::StopSignals(Trainer& trainer, bool speaks) {
  asked = false;
  answers = speaks;
  active = &trainer;
  install(handle);
}

StopSignals::~StopSignals() {
  install(SIG_DFL);
  clean_up_on_signals();
  active = nullptr;
}

}  // namespace tandem::apps
