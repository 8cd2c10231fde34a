#include "clip_train/join_run.h"

#include <algorithm>
#include <string>
#include <thread>

#include "tandem/core/device.h"
#include "tandem/distributed/connect.h"
#include "tandem/distributed/launch.h"

namespace tandem::apps {
namespace {

void share_machine(RunConfig& config, const Launch& launch) {
  const int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  const int64_t share = std::max<int64_t>(1, cores / launch.local_world_size);
  if (config.run.cpu_threads == 0) config.run.cpu_threads = share;
  if (config.data.loader_threads == 0) config.data.loader_threads = share;
  const std::string& device = config.run.device;
  const bool is_open = device == "auto" || device == "cuda";
  if (is_open && resolve_device(device).is_cuda())
    config.run.device = "cuda:" + std::to_string(launch.local_rank);
}

}  // namespace

std::shared_ptr<Communicator> join_run(RunConfig& config) {
  const Launch launch = read_launch(process_environment());
  auto communicator = connect(launch, config.run.peer_timeout_seconds);
  if (launch.world_size > 1) share_machine(config, launch);
  return communicator;
}

}  // namespace tandem::apps
