#include "io/safetensors/copy_tensors.h"

#include <torch/utils.h>

#include "tandem/core/error.h"

namespace tandem {

void copy_tensors(const TensorMap& from, const TensorMap& own, const std::string& what) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : own) {
    const auto found = from.find(name);
    if (found == from.end() || found->second.sizes() != tensor.sizes()) {
      throw Error(ErrorKind::kCheckpoint,
                  {.what = what + " does not fit the model", .where = name});
    }
    torch::Tensor(tensor).copy_(found->second);
  }
  if (own.size() == from.size()) return;
  throw Error(ErrorKind::kCheckpoint, {.what = what + " has different parameters",
                                       .expected = std::to_string(own.size()) + " tensors",
                                       .found = std::to_string(from.size())});
}

}  // namespace tandem
