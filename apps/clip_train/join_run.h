#pragma once

#include <memory>

#include "tandem/config/run_config.h"
#include "tandem/distributed/communicator.h"

namespace tandem::apps {

/// Connects this process with the others that a launcher started (distributed/launch.h), if there
/// are any. Processes of one machine share it: where `config` leaves threads and GPU open, each
/// gets its part of the cores and a GPU of its own. Throws as read_launch and connect.
[[nodiscard]] std::shared_ptr<Communicator> join_run(RunConfig& config);

}  // namespace tandem::apps
