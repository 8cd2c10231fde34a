#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace tandem {

/// Environment variables by name.
using Environment = std::map<std::string, std::string>;

/// Returns the environment of this process.
[[nodiscard]] Environment process_environment();

/// The place of this process among those that a launcher started together.
struct Launch {
  std::string launcher = {};  ///< "torchrun", "SLURM", "OpenMPI" or "PMI"; empty for one process.
  int64_t rank = 0;           ///< In [0, world_size).
  int64_t local_rank = 0;     ///< In [0, local_world_size): chooses the GPU.
  int64_t world_size = 1;
  int64_t local_world_size = 1;  ///< Processes on this machine.
  std::string address = {};      ///< Host where all processes meet. Empty for one process.
  uint16_t port = 0;
  bool hosts_store = false;  ///< Whether this process listens there: rank 0, unless torchrun does.
  int64_t attempt = 0;       ///< How often torchrun has started the processes again.
};

/// Returns what `environment` says. Rank, local rank and world size come from one family of
/// variables, the first that is set and counts more than one process:
///
/// | launcher | rank, local rank, world size, processes on this machine |
/// |---|---|
/// | torchrun | RANK, LOCAL_RANK, WORLD_SIZE, LOCAL_WORLD_SIZE |
/// | SLURM | SLURM_PROCID, SLURM_LOCALID, SLURM_STEP_NUM_TASKS or SLURM_NTASKS,
/// SLURM_TASKS_PER_NODE | | OpenMPI | OMPI_COMM_WORLD_RANK, _LOCAL_RANK, _SIZE, _LOCAL_SIZE | | PMI
/// | PMI_RANK, MPI_LOCALRANKID, PMI_SIZE, MPI_LOCALNRANKS |
///
/// A variable that is set to nothing counts as not set. Without the local variables all processes
/// are taken to be on one machine. SLURM counts inside srun only: an allocation's shell and a batch
/// script are one process.
///
/// The address is MASTER_ADDR. Without it, it is the first host of SLURM_STEP_NODELIST or
/// SLURM_JOB_NODELIST, or 127.0.0.1 where mpirun started all processes on one machine. The port is
/// MASTER_PORT; without it, a number that follows from the job's id, or 29500.
///
/// Throws kUsage, with the variables that were found, for a family of which a part is missing, for
/// values that are not numbers or out of range, for two families that contradict each other
/// (processes that torchrun starts inside another launcher do not), and for several processes
/// without an address.
[[nodiscard]] Launch read_launch(const Environment& environment);

}  // namespace tandem
