#include "tandem/distributed/launch.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "distributed/host_list.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

// What read_launch throws for `environment`.
Error launch_error(const Environment& environment) {
  try {
    const Launch launch = read_launch(environment);
    ADD_FAILURE() << "rank " << launch.rank << " of " << launch.world_size;
  } catch (const Error& error) {
    return error;
  }
  return {ErrorKind::kInternal, ""};
}

Environment torchrun() {
  return {{"RANK", "5"},
          {"LOCAL_RANK", "1"},
          {"WORLD_SIZE", "8"},
          {"LOCAL_WORLD_SIZE", "4"},
          {"MASTER_ADDR", "node0"},
          {"MASTER_PORT", "29401"}};
}

Environment slurm() {
  return {{"SLURM_PROCID", "3"},
          {"SLURM_LOCALID", "1"},
          {"SLURM_NTASKS", "4"},
          {"SLURM_TASKS_PER_NODE", "2(x2)"},
          {"SLURM_STEP_ID", "0"},
          {"SLURM_JOB_ID", "8812"},
          {"SLURM_JOB_NODELIST", "gpu[003-004]"}};
}

Environment open_mpi() {
  return {{"OMPI_COMM_WORLD_RANK", "1"},
          {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
          {"OMPI_COMM_WORLD_SIZE", "2"},
          {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
          {"PMIX_NAMESPACE", "3223126017"}};
}

TEST(Launch, WithoutVariablesIsOneProcess) {
  const Launch launch = read_launch({{"HOME", "/root"}, {"MASTER_ADDR", "node0"}, {"RANK", ""}});
  EXPECT_EQ(launch.launcher, "");
  EXPECT_EQ(launch.rank, 0);
  EXPECT_EQ(launch.world_size, 1);
  EXPECT_FALSE(launch.hosts_store);
}

TEST(Launch, ReadsTorchrun) {
  Environment environment = torchrun();
  Launch launch = read_launch(environment);
  EXPECT_EQ(launch.launcher, "torchrun");
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.world_size, 8);
  EXPECT_EQ(launch.local_world_size, 4);
  EXPECT_EQ(launch.address, "node0");
  EXPECT_EQ(launch.port, 29401);
  EXPECT_FALSE(launch.hosts_store);

  environment["RANK"] = "0";
  EXPECT_TRUE(read_launch(environment).hosts_store);
  environment["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  EXPECT_FALSE(read_launch(environment).hosts_store);
  EXPECT_EQ(read_launch(environment).attempt, 0);
  environment["TORCHELASTIC_RESTART_COUNT"] = "2";
  EXPECT_EQ(read_launch(environment).attempt, 2);
}

TEST(Launch, ReadsSlurm) {
  Launch launch = read_launch(slurm());
  EXPECT_EQ(launch.launcher, "SLURM");
  EXPECT_EQ(launch.rank, 3);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.world_size, 4);
  EXPECT_EQ(launch.local_world_size, 2);
  EXPECT_EQ(launch.address, "gpu003");
  EXPECT_GE(launch.port, 20000);
  EXPECT_LT(launch.port, 32000);

  // The port is the job's: the same on every rank, another one for another job.
  Environment other = slurm();
  other["SLURM_PROCID"] = "0";
  EXPECT_EQ(read_launch(other).port, launch.port);
  other["SLURM_JOB_ID"] = "8813";
  EXPECT_NE(read_launch(other).port, launch.port);
}

TEST(Launch, TakesTheSizeOfASlurmStepNotOfItsJob) {
  Environment environment = slurm();
  environment["SLURM_NTASKS"] = "8";
  environment["SLURM_STEP_NUM_TASKS"] = "4";
  EXPECT_EQ(read_launch(environment).world_size, 4);
  environment["SLURM_PROCID"] = "0";
  environment["SLURM_LOCALID"] = "0";
  environment["SLURM_STEP_NUM_TASKS"] = "1";
  EXPECT_EQ(read_launch(environment).world_size, 1);
}

TEST(Launch, IsOneProcessInASlurmAllocationWithoutSrun) {
  EXPECT_EQ(read_launch({{"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "1"}}).world_size, 1);
  const Environment batch = {
      {"SLURM_NTASKS", "8"}, {"SLURM_PROCID", "0"}, {"ENVIRONMENT", "BATCH"}};
  EXPECT_EQ(read_launch(batch).world_size, 1);
}

TEST(Launch, ReadsOpenMpiOnOneMachineWithoutAnAddress) {
  const Launch launch = read_launch(open_mpi());
  EXPECT_EQ(launch.launcher, "OpenMPI");
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.world_size, 2);
  EXPECT_EQ(launch.address, "127.0.0.1");
}

TEST(Launch, OfOpenMpiOnSeveralMachinesNeedsAnAddress) {
  Environment environment = open_mpi();
  environment["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1";
  environment["OMPI_COMM_WORLD_LOCAL_RANK"] = "0";
  const Error error = launch_error(environment);
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  EXPECT_EQ(error.text().hint, "mpirun -x MASTER_ADDR=HOST");
  environment["MASTER_ADDR"] = "node0";
  EXPECT_EQ(read_launch(environment).address, "node0");
}

TEST(Launch, ReadsPmi) {
  const Launch launch = read_launch(
      {{"PMI_RANK", "2"}, {"PMI_SIZE", "3"}, {"MPI_LOCALRANKID", "2"}, {"MPI_LOCALNRANKS", "3"}});
  EXPECT_EQ(launch.launcher, "PMI");
  EXPECT_EQ(launch.rank, 2);
  EXPECT_EQ(launch.local_rank, 2);
  EXPECT_EQ(launch.world_size, 3);
  EXPECT_EQ(launch.address, "127.0.0.1");
  EXPECT_EQ(launch.port, 29500);
}

TEST(Launch, TakesAllNumbersFromOneFamily) {
  // srun -n 4 torchrun …: SLURM knows the agents, torchrun the processes.
  Environment environment = slurm();
  environment.merge(torchrun());
  environment["TORCHELASTIC_RUN_ID"] = "none";
  const Launch launch = read_launch(environment);
  EXPECT_EQ(launch.launcher, "torchrun");
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.world_size, 8);
}

TEST(Launch, PrintsWhatContradicts) {
  Environment environment = slurm();
  environment.merge(open_mpi());
  const Error error = launch_error(environment);
  EXPECT_EQ(error.kind(), ErrorKind::kUsage);
  for (const char* part :
       {"SLURM_PROCID=3", "SLURM_NTASKS=4", "OMPI_COMM_WORLD_RANK=1", "OMPI_COMM_WORLD_SIZE=2"})
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  // One of them with one process claims nothing.
  environment["SLURM_NTASKS"] = "1";
  environment["SLURM_PROCID"] = "0";
  environment["SLURM_LOCALID"] = "0";
  EXPECT_EQ(read_launch(environment).launcher, "OpenMPI");
}

TEST(Launch, RefusesAPartOfAFamily) {
  for (const auto& [environment, part] : std::vector<std::pair<Environment, std::string>>{
           {{{"RANK", "1"}, {"MASTER_ADDR", "a"}}, "RANK=1, WORLD_SIZE not set"},
           {{{"WORLD_SIZE", "2"}}, "RANK not set, WORLD_SIZE=2"},
           {{{"RANK", "2"}, {"WORLD_SIZE", "2"}}, "RANK=2, WORLD_SIZE=2"},
           {{{"OMPI_COMM_WORLD_RANK", "0"}}, "OMPI_COMM_WORLD_SIZE not set"},
           {{{"PMI_SIZE", "2"}}, "PMI_RANK not set"},
           {{{"RANK", "0"}, {"WORLD_SIZE", "2"}}, "MASTER_ADDR not set"},
       }) {
    EXPECT_NE(launch_error(environment).text().found.find(part), std::string::npos) << part;
  }
}

TEST(Launch, RefusesValuesThatAreNoNumbers) {
  for (const char* value : {"two", "-1", "1x", "99999999999999999999"}) {
    const Error error = launch_error({{"RANK", value}, {"WORLD_SIZE", "2"}});
    EXPECT_EQ(error.text().where, "RANK");
    EXPECT_EQ(error.text().found, value);
  }
  Environment environment = torchrun();
  environment["MASTER_PORT"] = "70000";
  EXPECT_EQ(launch_error(environment).text().where, "MASTER_PORT");
}

TEST(Launch, NeedsNoLocalVariablesOnOneMachine) {
  const Launch launch =
      read_launch({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}});
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.local_world_size, 2);
  EXPECT_EQ(launch.port, 29500);
}

TEST(FirstHost, ExpandsSlurmLists) {
  EXPECT_EQ(first_host(""), "");
  EXPECT_EQ(first_host("node1"), "node1");
  EXPECT_EQ(first_host("node1,node2"), "node1");
  EXPECT_EQ(first_host("gpu[007-009,012],cpu1"), "gpu007");
  EXPECT_EQ(first_host("rack[2,4]-node[01-16].cluster"), "rack2-node01.cluster");
  EXPECT_EQ(first_host("node[3"), "node3");
}

}  // namespace
}  // namespace tandem
