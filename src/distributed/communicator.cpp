#include "tandem/distributed/communicator.h"

#include <exception>

#include "tandem/core/error.h"

namespace tandem {
namespace {

class SingleProcess final : public Communicator {
 public:
  [[nodiscard]] int64_t rank() const override { return 0; }
  [[nodiscard]] int64_t world_size() const override { return 1; }
  [[nodiscard]] torch::Tensor all_gather(const torch::Tensor& tensor) override { return tensor; }
  void all_reduce(torch::Tensor /*tensor*/) override {}
  void broadcast(torch::Tensor /*tensor*/) override {}
  [[nodiscard]] int64_t agree(int64_t value) override { return value; }
};

}  // namespace

std::shared_ptr<Communicator> single_process() { return std::make_shared<SingleProcess>(); }

void run_together(Communicator& communicator, const std::function<void()>& action) {
  std::exception_ptr failure;
  try {
    action();
  } catch (...) {
    failure = std::current_exception();
  }
  // The first rank that failed, counted from 1.
  const int64_t own = failure ? communicator.world_size() - communicator.rank() : 0;
  const int64_t agreed = communicator.agree(own);
  if (failure) std::rethrow_exception(failure);
  if (agreed == 0) return;
  const int64_t rank = communicator.world_size() - agreed;
  throw Error(ErrorKind::kInterrupted,
              {.what = "another process of this run failed; its own log says why",
               .where = "rank " + std::to_string(rank)});
}

}  // namespace tandem
