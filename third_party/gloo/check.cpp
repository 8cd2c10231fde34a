// Adds 1 and 2 in two processes: whether this LibTorch has Gloo, and whether the declarations
// beside this file fit it.
#define USE_C10D_GLOO
#include <cstdlib>

#include <torch/types.h>
#include <torch/utils.h>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <sys/wait.h>
#include <unistd.h>

namespace {

int sum_as(int rank, const char* file) {
  auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::seconds(30));
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1"));
  const auto store = c10::make_intrusive<c10d::FileStore>(file, 2);
  c10d::ProcessGroupGloo group(store, rank, 2, options);
  std::vector<torch::Tensor> sum = {torch::full({5}, rank + 1.0)};
  group.allreduce(sum)->wait();
  return torch::equal(sum[0], torch::full({5}, 3.0)) ? 0 : 1;
}

}  // namespace

int main() {
  std::string file = "/tmp/tandem-gloo-check-XXXXXX";
  if (::mkstemp(file.data()) < 0) return 2;
  const pid_t other = ::fork();
  if (other < 0) return 2;
  if (other == 0) ::_exit(sum_as(1, file.c_str()));
  const int own = sum_as(0, file.c_str());
  int status = 0;
  ::waitpid(other, &status, 0);
  ::unlink(file.c_str());
  return own == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}
