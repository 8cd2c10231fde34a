#pragma once

#include "tandem/train/trainer.h"

namespace tandem::apps {

/// While it lives, SIGINT, SIGTERM, SIGUSR1 and SIGHUP ask `trainer` to stop; a second one ends the
/// process at once with 128 + its number. SIGHUP stays ignored under nohup. The first is answered
/// on standard error where this process `speaks`. One at a time.
class StopSignals {
 public:
  StopSignals(Trainer& trainer, bool speaks);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
};

}  // namespace tandem::apps
