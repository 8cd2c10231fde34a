#include "tandem/nn/parameter_role.h"

#include <cmath>
#include <utility>

#include <torch/utils.h>

namespace tandem {
namespace {

struct Place {
  Tower tower = Tower::kNone;
  std::optional<int64_t> layer;
};

// Appends the parameters of `module`, then those of its children, as torch orders them.
void append(const torch::nn::Module& module, const std::string& prefix, Place place,
            std::vector<ModelParameter>& parameters) {
  const auto* const with_roles = dynamic_cast<const ModuleWithRoles*>(&module);
  if (with_roles != nullptr) {
    place.tower = with_roles->tower().value_or(place.tower);
    if (with_roles->layer()) place.layer = with_roles->layer();
  }
  for (const auto& entry : module.named_parameters(/*recurse=*/false)) {
    TORCH_CHECK(with_roles != nullptr, prefix, entry.key(),
                ": the module registers this parameter without a role");
    parameters.push_back({.name = prefix + entry.key(),
                          .tensor = entry.value(),
                          .role = with_roles->role(entry.key()),
                          .tower = place.tower,
                          .layer = place.layer});
  }
  for (const auto& child : module.named_children()) {
    append(*child.value(), prefix + child.key() + ".", place, parameters);
  }
}

void init_normal(torch::Tensor parameter, double std, at::Generator generator) {
  const double fan_in = static_cast<double>(parameter.size(-1));
  parameter.normal_(0.0, std > 0.0 ? std : 1.0 / std::sqrt(fan_in), std::move(generator));
}

}  // namespace

void ModuleWithRoles::set_role(const std::string& name, ParameterRole role) {
  const auto found = roles_.find(name);
  TORCH_CHECK(found != roles_.end(), "no parameter is called ", name);
  found->second = role;
}

const ParameterRole& ModuleWithRoles::role(const std::string& name) const {
  const auto found = roles_.find(name);
  TORCH_CHECK(found != roles_.end(), "no role is known of the parameter ", name);
  return found->second;
}

torch::Tensor ModuleWithRoles::register_parameter(const std::string& name, torch::Tensor value,
                                                  ParameterRole role) {
  roles_.insert_or_assign(name, role);
  return torch::nn::Module::register_parameter(name, std::move(value));
}

std::vector<ModelParameter> model_parameters(const torch::nn::Module& module) {
  std::vector<ModelParameter> parameters;
  append(module, "", {}, parameters);
  return parameters;
}

void init_parameters(torch::nn::Module& module, double std, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  for (ModelParameter& parameter : model_parameters(module)) {
    switch (parameter.role.init) {
      case Init::kNormal: init_normal(parameter.tensor, std, generator); break;
      case Init::kOnes: parameter.tensor.fill_(1.0); break;
      case Init::kZeros: parameter.tensor.zero_(); break;
      case Init::kKept: break;
    }
  }
}

}  // namespace tandem
