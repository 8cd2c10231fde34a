#include "train/session/same_start.h"

#include <array>
#include <string>

#include <torch/types.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/hash.h"

namespace tandem {
namespace {

struct Fact {
  const char* what;
  int64_t value;
  const char* hint;
};

int64_t hash_of(const std::string& text) { return static_cast<int64_t>(hash_bytes(text)); }

// What may differ between the machines of a run is left out.
std::string common_settings(RunConfig config) {
  const RunOptions usual;
  config.run.output_dir = usual.output_dir;
  config.run.device = usual.device;
  config.run.cpu_threads = usual.cpu_threads;
  config.data.loader_threads = DataOptions{}.loader_threads;
  return to_json(config);
}

}  // namespace

void require_same_start(const TrainingSession& session, int64_t step) {
  const std::array facts = {
      Fact{"checkpoint", step, "a run.output_dir that every machine sees"},
      Fact{"data (fingerprint)", hash_of(session.source().fingerprint()),
           "the same files on every machine"},
      Fact{"tokenizer (fingerprint)", hash_of(session.tokenizer().fingerprint()),
           "the same files on every machine"},
      Fact{"configuration", hash_of(common_settings(session.config())),
           "the same command on every machine"}};
  constexpr auto kFacts = static_cast<int64_t>(facts.size());
  torch::Tensor own = torch::empty({1, kFacts}, torch::kInt64);
  for (size_t i = 0; i < facts.size(); ++i) own.data_ptr<int64_t>()[i] = facts[i].value;
  const torch::Tensor all = session.communicator().all_gather(own);  // [world_size, kFacts]
  const auto* const values = all.data_ptr<int64_t>();
  for (int64_t rank = 1; rank < all.size(0); ++rank) {
    for (size_t i = 0; i < facts.size(); ++i) {
      if (values[rank * kFacts + static_cast<int64_t>(i)] == values[i]) continue;
      throw Error(
          ErrorKind::kConfig,
          {.what = std::string("the processes of this run differ in their ") + facts[i].what,
           .where = "rank " + std::to_string(rank),
           .expected = "that of rank 0",
           .hint = facts[i].hint});
    }
  }
}

}  // namespace tandem
