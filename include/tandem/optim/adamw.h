#pragma once

#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/distributed/communicator.h"
#include "tandem/io/safetensors.h"

namespace tandem {

/// A trainable parameter, as the optimizer needs it.
struct NamedParameter {
  std::string name;  ///< As in checkpoints.
  torch::Tensor tensor;
  bool decays;  ///< Whether weight decay applies.
};

/// Returns the parameters of `module` that require a gradient, in its order, decayed as their roles
/// say (nn/parameter_role.h). Throws c10::Error for a parameter without a role.
[[nodiscard]] std::vector<NamedParameter> trainable_parameters(const torch::nn::Module& module);

/// One line of the printed table of decay groups.
struct ParameterGroup {
  bool decay = false;
  int64_t tensors = 0;
  int64_t elements = 0;
  std::vector<std::string> names = {};
};

/// AdamW over flat buffers: master weights (fp32), gradients and both moments of a decay group each
/// lie in one tensor, so that a step is one fused update per group, whatever the number of
/// parameters. fp32 parameters become views of the masters; bf16 parameters keep their own storage
/// and are refreshed from the masters after each step. Loshchilov and Hutter, arXiv:1711.05101.
/// Not thread-safe.
class AdamW {
 public:
  /// Takes over the storage of `parameters` and gives each a gradient that is a view into the flat
  /// buffer.
  AdamW(std::vector<NamedParameter> parameters, const OptimOptions& options);

  /// A step is zero_grad(), a backward pass, then reduce(), clip() and update() in this order.
  void zero_grad();
  /// Collects the gradients of the backward pass in the fp32 buffers that clip() and update() use,
  /// and sums them over all ranks.
  void reduce(Communicator& communicator);
  /// Scales the gradients so that their joint norm is at most `max_norm`; 0 only measures. Returns
  /// the norm before scaling, an fp32 scalar on the device, without a wait for it.
  torch::Tensor clip(double max_norm);
  /// Updates the parameters with rate `lr`. Where `counts`, a bool scalar on the device, is given
  /// and false, it changes nothing; the host does not wait to know. This and clip() throw
  /// c10::Error without a reduce() since the last update.
  void update(double lr, const torch::Tensor& counts = {});

  /// Updates made. Waits for the device.
  [[nodiscard]] int64_t steps() const;
  [[nodiscard]] std::vector<ParameterGroup> groups() const;
  /// `master.<name>` (bf16 only), `exp_avg.<name>`, `exp_avg_sq.<name>` for every parameter, as
  /// views: copy before stepping on.
  [[nodiscard]] TensorMap state() const;
  /// Restores what state() gave. Throws kCheckpoint when names or shapes differ.
  void load_state(const TensorMap& state, int64_t steps);

 private:
  struct Group {
    bool decay = false;
    std::vector<NamedParameter> parameters = {};
    std::vector<int64_t> offsets = {};    // of each parameter in the flat tensors below
    torch::Tensor weights = {};           // what the parameters are views of
    torch::Tensor weight_gradients = {};  // what their gradients are views of
    torch::Tensor masters = {};           // fp32; the same tensor as weights when those are fp32
    torch::Tensor gradients = {};         // fp32; likewise
    torch::Tensor exp_avg = {};
    torch::Tensor exp_avg_sq = {};
  };

  static void flatten(Group& group);

  OptimOptions options_;
  std::vector<Group> groups_;
  torch::Tensor step_count_;  // fp32 scalar: exact up to 16 million
  bool reduced_ = false;      // whether `gradients` hold those of this step
};

}  // namespace tandem
