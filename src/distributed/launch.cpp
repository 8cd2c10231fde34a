#include "tandem/distributed/launch.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "distributed/host_list.h"
#include "tandem/core/error.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace {

constexpr uint16_t kDefaultPort = 29500;
constexpr int64_t kMaxRanks = 1 << 20;

/// The variables of one launcher.
struct Family {
  const char* launcher;
  const char* rank;
  const char* local_rank;
  const char* world_size;
  const char* local_world_size;
};

constexpr Family kTorchrun = {"torchrun", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE"};
constexpr Family kSlurm = {"SLURM", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS", nullptr};
constexpr Family kOpenMpi = {"OpenMPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK",
                             "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Family kPmi = {"PMI", "PMI_RANK", "MPI_LOCALRANKID", "PMI_SIZE", "MPI_LOCALNRANKS"};

std::string value_of(const Environment& environment, const char* name) {
  const auto found = name == nullptr ? environment.end() : environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string shown(const Environment& environment, const char* name) {
  const std::string value = value_of(environment, name);
  return std::string(name) + (value.empty() ? " not set" : "=" + value);
}

std::string shown(const Environment& environment, const Family& family) {
  return shown(environment, family.rank) + ", " + shown(environment, family.world_size);
}

std::optional<int64_t> number_of(const Environment& environment, const char* name, int64_t first,
                                 int64_t last) {
  const std::string value = value_of(environment, name);
  if (value.empty()) return std::nullopt;
  int64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && rest == end && number >= first && number <= last) return number;
  throw Error(ErrorKind::kUsage, {.what = "the launcher's variable is out of range",
                                  .where = name,
                                  .expected = "a whole number from " + std::to_string(first) +
                                              " to " + std::to_string(last),
                                  .found = value});
}

// srun sets SLURM_STEP_ID. An allocation's shell and a batch script have the size of the job and
// are one process.
bool is_slurm_step(const Environment& environment) {
  if (value_of(environment, "SLURM_PROCID").empty()) return false;
  return !value_of(environment, "SLURM_STEP_ID").empty() ||
         value_of(environment, "ENVIRONMENT") != "BATCH";
}

Family slurm_family(const Environment& environment) {
  Family family = kSlurm;
  // SLURM_NTASKS is the job's in an interactive step.
  if (!value_of(environment, "SLURM_STEP_NUM_TASKS").empty())
    family.world_size = "SLURM_STEP_NUM_TASKS";
  return family;
}

// "2(x3),1": the tasks of the first node.
int64_t slurm_local_size(const Environment& environment, int64_t world_size) {
  for (const char* name : {"SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"}) {
    const std::string value = value_of(environment, name);
    int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    if (number > 0) return std::min(number, world_size);
  }
  return world_size;
}

std::optional<Launch> read_family(const Environment& environment, const Family& family) {
  const auto world_size = number_of(environment, family.world_size, 1, kMaxRanks);
  const auto rank = number_of(environment, family.rank, 0, kMaxRanks);
  if (!rank && !world_size) return std::nullopt;
  if (!rank || !world_size || *rank >= *world_size) {
    throw Error(ErrorKind::kUsage,
                {.what = std::string("the variables of ") + family.launcher + " contradict",
                 .expected = std::string(family.rank) + " below " + family.world_size,
                 .found = shown(environment, family)});
  }
  Launch launch{.launcher = family.launcher, .rank = *rank, .world_size = *world_size};
  launch.local_world_size =
      family.local_world_size == nullptr
          ? slurm_local_size(environment, *world_size)
          : number_of(environment, family.local_world_size, 1, *world_size).value_or(*world_size);
  const auto local_rank = number_of(environment, family.local_rank, 0, *world_size - 1);
  launch.local_rank = local_rank.value_or(*rank % launch.local_world_size);
  return launch;
}

// A family of one process says nothing about others: a shell in an allocation, an exported setting.
Launch first_of(const Environment& environment, const std::vector<Family>& families) {
  Launch first;
  const Family* first_family = nullptr;
  for (const Family& family : families) {
    const std::optional<Launch> launch = read_family(environment, family);
    if (!launch || launch->world_size == 1) continue;
    if (first_family == nullptr) {
      first = *launch;
      first_family = &family;
    } else if (first.rank != launch->rank || first.world_size != launch->world_size) {
      throw Error(ErrorKind::kUsage,
                  {.what = "the variables of two launchers contradict each other",
                   .found = shown(environment, *first_family) + "; " + shown(environment, family),
                   .hint = std::string("one launcher, or env -u ") + first_family->rank + " -u " +
                           first_family->world_size + " before the program"});
    }
  }
  return first;
}

std::string job_id(const Environment& environment) {
  for (const char* name : {"SLURM_JOB_ID", "PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"}) {
    const std::string value = value_of(environment, name);
    if (!value.empty()) return value + value_of(environment, "SLURM_STEP_ID");
  }
  return {};
}

uint16_t port_of(const Environment& environment) {
  constexpr int64_t kLast = std::numeric_limits<uint16_t>::max();
  if (const auto port = number_of(environment, "MASTER_PORT", 1, kLast))
    return static_cast<uint16_t>(*port);
  const std::string job = job_id(environment);
  // Below the ports that systems give to connections.
  constexpr uint64_t kFirst = 20000, kCount = 12000;
  return job.empty() ? kDefaultPort : static_cast<uint16_t>(kFirst + hash_bytes(job) % kCount);
}

std::string address_of(const Environment& environment, const Launch& launch) {
  std::string address = value_of(environment, "MASTER_ADDR");
  if (address.empty() && launch.launcher == kSlurm.launcher) {
    for (const char* name : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"})
      if (address.empty()) address = first_host(value_of(environment, name));
  }
  const bool by_mpi = launch.launcher == kOpenMpi.launcher || launch.launcher == kPmi.launcher;
  if (address.empty() && by_mpi && launch.local_world_size == launch.world_size)
    address = "127.0.0.1";
  if (!address.empty()) return address;
  throw Error(ErrorKind::kUsage,
              {.what = "the processes of " + launch.launcher + " do not know where to meet",
               .expected = "MASTER_ADDR, the host of rank 0",
               .found = "rank " + std::to_string(launch.rank) + " of " +
                        std::to_string(launch.world_size) + ", MASTER_ADDR not set",
               .hint = by_mpi ? "mpirun -x MASTER_ADDR=HOST" : "MASTER_ADDR=HOST"});
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t end = text.find('=');
    if (end != std::string_view::npos)
      environment.emplace(text.substr(0, end), text.substr(end + 1));
  }
  return environment;
}

Launch read_launch(const Environment& environment) {
  std::vector<Family> families = {kTorchrun};
  // torchrun's agents may themselves be processes of another launcher.
  const bool by_agent = !value_of(environment, "TORCHELASTIC_RUN_ID").empty();
  if (!by_agent) {
    if (is_slurm_step(environment)) families.push_back(slurm_family(environment));
    families.push_back(kOpenMpi);
    families.push_back(kPmi);
  }
  Launch launch = first_of(environment, families);
  if (launch.world_size == 1) return {};
  launch.address = address_of(environment, launch);
  launch.port = port_of(environment);
  launch.attempt = number_of(environment, "TORCHELASTIC_RESTART_COUNT", 0, kMaxRanks).value_or(0);
  launch.hosts_store =
      launch.rank == 0 && value_of(environment, "TORCHELASTIC_USE_AGENT_STORE") != "True";
  return launch;
}

}  // namespace tandem
