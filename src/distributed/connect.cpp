#include "tandem/distributed/connect.h"

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <c10/util/Logging.h>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/version.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "distributed/gloo_group.h"
#include "distributed/peer_watch.h"
#include "tandem/core/error.h"
#include "tandem/version.h"

C10_DECLARE_int(caffe2_log_level);

namespace tandem {
namespace {

using Store = c10::intrusive_ptr<c10d::Store>;

constexpr int kNoLog = 4;  // Above FATAL.

class GroupCommunicator final : public Communicator {
 public:
  GroupCommunicator(c10::intrusive_ptr<c10d::Backend> group, std::unique_ptr<PeerWatch> watch)
      : watch_(std::move(watch)), group_(std::move(group)) {}

  [[nodiscard]] int64_t rank() const override { return group_->getRank(); }
  [[nodiscard]] int64_t world_size() const override { return group_->getSize(); }

  [[nodiscard]] torch::Tensor all_gather(const torch::Tensor& tensor) override {
    const torch::NoGradGuard no_grad;
    torch::Tensor own = on_host(tensor);
    std::vector<int64_t> shape = own.sizes().vec();
    shape.front() *= world_size();
    torch::Tensor all = torch::empty(shape, own.options());
    exchange([&] { return group_->_allgather_base(all, own); });
    return all.to(tensor.device());
  }
  void all_reduce(torch::Tensor tensor) override { in_place(tensor, c10d::ReduceOp::SUM); }
  void broadcast(torch::Tensor tensor) override {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> tensors = {on_host(tensor)};
    exchange([&] { return group_->broadcast(tensors); });
    if (!tensors[0].is_same(tensor)) tensor.copy_(tensors[0]);
  }
  [[nodiscard]] int64_t agree(int64_t value) override {
    const torch::Tensor largest = torch::full({1}, value, torch::kInt64);
    in_place(largest, c10d::ReduceOp::MAX);
    return largest.item<int64_t>();
  }

 private:
  static torch::Tensor on_host(const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kCPU).contiguous();
  }

  void in_place(const torch::Tensor& tensor, c10d::ReduceOp::RedOpType operation) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> tensors = {on_host(tensor)};
    c10d::AllreduceOptions options;
    options.reduceOp = operation;
    exchange([&] { return group_->allreduce(tensors, options); });
    if (tensors[0].data_ptr() != tensor.data_ptr()) tensor.copy_(tensors[0]);
  }

  void exchange(const std::function<c10::intrusive_ptr<c10d::Work>()>& begin) {
    if (failure_) throw Error(*failure_);
    watch_->count_exchange();
    try {
      begin()->wait();
    } catch (const std::exception& error) {
      failure_ = watch_->diagnose(error.what());
      throw Error(*failure_);
    }
  }

  std::unique_ptr<PeerWatch> watch_;  // Outlives the group, whose end the others notice.
  c10::intrusive_ptr<c10d::Backend> group_;
  std::optional<Error> failure_;
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

Store meet(const Launch& launch, std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = launch.port;
  options.isServer = launch.hosts_store;
  options.waitWorkers = false;
  options.timeout = timeout;
  const std::string place = fmt::format("{}:{}", launch.address, launch.port);
  try {
    // A store of torchrun still has what the processes before a restart wrote.
    return c10::make_intrusive<c10d::PrefixStore>(
        fmt::format("tandem/{}", launch.attempt),
        c10::make_intrusive<c10d::TCPStore>(launch.address, options));
  } catch (const std::exception& error) {
    if (launch.hosts_store) {
      throw Error(ErrorKind::kCannotCreate, {.what = "rank 0 cannot listen for the other processes",
                                             .where = place,
                                             .found = first_line(error.what()),
                                             .hint = "another MASTER_PORT"});
    }
    throw Error(ErrorKind::kInterrupted, {.what = fmt::format("rank 0 is not at {}", place),
                                          .where = "rank 0",
                                          .found = first_line(error.what()),
                                          .hint = "its own log, and MASTER_ADDR and MASTER_PORT"});
  }
}

std::string build_name() { return fmt::format("{} with LibTorch {}", kVersion, TORCH_VERSION); }

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

}  // namespace

bool connects_processes() noexcept { return has_gloo(); }

std::shared_ptr<Communicator> connect(const Launch& launch, double peer_timeout_seconds) {
  if (launch.world_size == 1) return single_process();
  if (!has_gloo()) (void)make_gloo_group({}, launch, {});
  if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = kNoLog;
  const std::chrono::milliseconds timeout(static_cast<int64_t>(1000 * peer_timeout_seconds));
  const Store store = meet(launch, timeout);
  try {
    auto watch = std::make_unique<PeerWatch>(store, PeerOptions{.rank = launch.rank,
                                                                .world_size = launch.world_size,
                                                                .hosts_store = launch.hosts_store,
                                                                .timeout = timeout,
                                                                .build = build_name(),
                                                                .host = host_name()});
    auto group = make_gloo_group(store, launch, timeout);
    return std::make_shared<GroupCommunicator>(std::move(group), std::move(watch));
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInterrupted,
                {.what = "the processes of this run could not be connected",
                 .where = fmt::format("rank {}", launch.rank),
                 .found = first_line(error.what()),
                 .hint = "the logs of the other processes, and GLOO_SOCKET_IFNAME where a machine "
                         "has several networks"});
  }
}

}  // namespace tandem
