#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <torch/nn/module.h>
#include <torch/types.h>

namespace tandem {

/// How a parameter begins when it is not loaded.
enum class Init {
  kNormal,  ///< Normal numbers, of the deviation that init_parameters is given.
  kOnes,
  kZeros,
  kKept  ///< The value that it was registered with.
};

/// What a module says of a parameter when it registers it.
struct ParameterRole {
  Init init = Init::kNormal;
  bool decays = false;      ///< Whether the optimizer applies weight decay.
  bool keeps_fp32 = false;  ///< Whether it stays fp32 in a model of lower precision.
};

/// The encoder or decoder that a parameter belongs to. Projectors, the matching head and the
/// temperature belong to none.
enum class Tower { kNone, kText, kImage, kDecoder };

/// A parameter of a model, with all that its modules say of it.
struct ModelParameter {
  std::string name;  ///< As in checkpoints.
  torch::Tensor tensor;
  ParameterRole role;
  Tower tower = Tower::kNone;
  /// Depth in the tower: 0 for embeddings, i + 1 for block i, blocks + 1 for what follows the last
  /// block. Empty outside a tower.
  std::optional<int64_t> layer;
};

/// A torch module that registers each parameter together with its role. Every module of this
/// library that owns parameters is one.
class ModuleWithRoles : public torch::nn::Module {
 public:
  /// Replaces the role of the registered parameter `name`: for a module that holds this one and
  /// needs, for example, a Linear that begins with zeros. Throws c10::Error for an unknown name.
  void set_role(const std::string& name, ParameterRole role);
  /// Returns the role of the registered parameter `name`. Throws c10::Error for an unknown name.
  [[nodiscard]] const ParameterRole& role(const std::string& name) const;

  /// Say where the parameters of this module and of the modules inside it belong. A module inside
  /// overrides it with values that it sets itself.
  void set_tower(Tower tower) { tower_ = tower; }
  void set_layer(int64_t layer) { layer_ = layer; }
  [[nodiscard]] std::optional<Tower> tower() const { return tower_; }
  [[nodiscard]] std::optional<int64_t> layer() const { return layer_; }

 protected:
  /// Registers a parameter. Hides the function of torch::nn::Module, which knows no roles.
  torch::Tensor register_parameter(const std::string& name, torch::Tensor value,
                                   ParameterRole role);

 private:
  std::map<std::string, ParameterRole> roles_;
  std::optional<Tower> tower_;
  std::optional<int64_t> layer_;
};

/// Returns every parameter of `module` and of the modules inside it, in the order and under the
/// names of named_parameters(). Throws c10::Error with the name of a parameter without a role.
[[nodiscard]] std::vector<ModelParameter> model_parameters(const torch::nn::Module& module);

/// Fills every parameter of `module` as its role says. Normal numbers are drawn from `generator` in
/// the order of model_parameters, with the deviation `std`; std = 0 takes 1/√fan_in, the last
/// dimension of the parameter in question.
void init_parameters(torch::nn::Module& module, double std, at::Generator generator);

}  // namespace tandem
