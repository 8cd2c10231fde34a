#pragma once

#include <memory>

#include "tandem/config/run_config.h"
#include "tandem/distributed/communicator.h"

namespace tandem::apps {

/// Connects this process with the others that a launcher started (distributed/launch.h), if there
/// are any. Unless `config` sets them, each process of a machine gets an equal share of the cores
/// and its own GPU. Throws as read_launch and connect.
[[nodiscard]] std::shared_ptr<Communicator> join_run(RunConfig& config);

}  // namespace tandem::apps
