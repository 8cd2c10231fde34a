#pragma once

#include <memory>

#include "tandem/distributed/communicator.h"
#include "tandem/distributed/launch.h"

namespace tandem {

/// Whether this build can connect several processes: found out when it was configured
/// (third_party/gloo.cmake).
[[nodiscard]] bool connects_processes() noexcept;

/// Connects this process with the others of `launch` and returns once all of them are there. For
/// one process it returns single_process().
///
/// The processes meet in c10d's TCPStore at launch.address and exchange tensors through Gloo.
/// Tensors of a GPU travel through host memory. A sum has the same bits on every rank, and in every
/// run of as many processes. Gloo listens on the network interface that leads to launch.address;
/// GLOO_SOCKET_IFNAME names another one. c10d's own log lines are switched off unless
/// TORCH_CPP_LOG_LEVEL is set.
///
/// Where a process ends, is stopped, or does not come to an exchange within
/// `peer_timeout_seconds`, the methods of the others throw kInterrupted, and its rank is the
/// error's `where`; all later calls throw the same error. Who was killed is noticed at once. A
/// destructor waits up to five seconds for the others to leave.
///
/// Throws kUsage where this build cannot connect processes, kCannotCreate where rank 0 cannot
/// listen at the port, kInterrupted with the missing ranks where not all come within the time, and
/// kUsage where the processes are of different builds.
[[nodiscard]] std::shared_ptr<Communicator> connect(const Launch& launch,
                                                    double peer_timeout_seconds);

}  // namespace tandem
