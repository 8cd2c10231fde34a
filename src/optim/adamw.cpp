#include "tandem/optim/adamw.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <ATen/ops/_fused_adamw.h>
#include <torch/utils.h>

#include "io/safetensors/copy_tensors.h"
#include "tandem/nn/parameter_role.h"

namespace tandem {
namespace {

constexpr int64_t kLongestDot = int64_t{1} << 30;  // cuBLAS counts in 32 bits.
// A parameter begins where wide loads can: after a multiple of 64 bytes, in 16 bits and in 32.
constexpr int64_t kAlignment = 32;

// A view of `flat` with the parameter's shape.
torch::Tensor view_at(const torch::Tensor& flat, int64_t offset, const torch::Tensor& parameter) {
  return flat.narrow(0, offset, parameter.numel()).view(parameter.sizes());
}

}  // namespace

std::vector<NamedParameter> trainable_parameters(const torch::nn::Module& module) {
  std::vector<NamedParameter> trainable;
  for (ModelParameter& each : model_parameters(module)) {
    if (!each.tensor.requires_grad()) continue;
    trainable.push_back({.name = std::move(each.name),
                         .tensor = std::move(each.tensor),
                         .decays = each.role.decays});
  }
  return trainable;
}

AdamW::AdamW(std::vector<NamedParameter> parameters, const OptimOptions& options)
    : options_(options) {
  TORCH_CHECK(!parameters.empty(), "nothing to train: every parameter is frozen");
  // Only equal dtypes share a buffer; the loss's temperature stays fp32 beside bf16 towers.
  for (auto& parameter : parameters) {
    const auto dtype = parameter.tensor.scalar_type();
    auto group = std::find_if(groups_.begin(), groups_.end(), [&](const Group& each) {
      return each.decay == parameter.decays &&
             each.parameters.front().tensor.scalar_type() == dtype;
    });
    if (group == groups_.end())
      group = groups_.insert(groups_.end(), Group{.decay = parameter.decays});
    group->parameters.push_back(std::move(parameter));
  }
  for (Group& group : groups_) flatten(group);
  step_count_ = torch::zeros({}, groups_.front().masters.options());
}

void AdamW::flatten(Group& group) {
  const torch::NoGradGuard no_grad;
  int64_t total = 0;
  for (const auto& parameter : group.parameters) {
    group.offsets.push_back(total);
    total += (parameter.tensor.numel() + kAlignment - 1) / kAlignment * kAlignment;
  }
  const auto model_options = group.parameters.front().tensor.options().requires_grad(false);
  const auto master_options = model_options.dtype(torch::kFloat32);
  group.weights = torch::zeros({total}, model_options);
  group.weight_gradients = torch::zeros({total}, model_options);
  for (size_t i = 0; i < group.parameters.size(); ++i) {
    torch::Tensor parameter = group.parameters[i].tensor;
    const torch::Tensor home = view_at(group.weights, group.offsets[i], parameter);
    home.copy_(parameter);
    parameter.set_data(home);
    parameter.mutable_grad() = view_at(group.weight_gradients, group.offsets[i], parameter);
  }
  const bool full_precision = group.weights.scalar_type() == torch::kFloat32;
  group.masters = full_precision ? group.weights : group.weights.to(torch::kFloat32);
  group.gradients = full_precision ? group.weight_gradients : torch::zeros({total}, master_options);
  group.exp_avg = torch::zeros({total}, master_options);
  group.exp_avg_sq = torch::zeros({total}, master_options);
}

void AdamW::zero_grad() {
  for (Group& group : groups_) group.weight_gradients.zero_();
}

void AdamW::reduce(Communicator& communicator) {
  const torch::NoGradGuard no_grad;
  for (Group& group : groups_) {
    if (!group.gradients.is_alias_of(group.weight_gradients)) {
      group.gradients.copy_(group.weight_gradients);
    }
    communicator.all_reduce(group.gradients);
  }
  reduced_ = true;
}

torch::Tensor AdamW::clip(double max_norm) {
  TORCH_CHECK(reduced_, "call reduce() before clip()");
  const torch::NoGradGuard no_grad;
  torch::Tensor sum = torch::zeros({}, groups_.front().masters.options());
  for (const Group& group : groups_) {
    for (const torch::Tensor& part : group.gradients.split(kLongestDot)) sum += part.dot(part);
  }
  const torch::Tensor norm = sum.sqrt();
  if (max_norm > 0.0) {
    // A factor of NaN would stay in the gaps between the parameters.
    const torch::Tensor factor = (max_norm / (norm + 1e-6)).nan_to_num(1.0).clamp_max(1.0);
    for (Group& group : groups_) group.gradients.mul_(factor);
  }
  return norm;
}

void AdamW::update(double lr, const torch::Tensor& counts) {
  TORCH_CHECK(reduced_, "call reduce() before update()");
  const torch::NoGradGuard no_grad;
  reduced_ = false;
  std::optional<torch::Tensor> leaves_out;  // 1 where nothing is to change
  if (counts.defined()) leaves_out = counts.logical_not().to(torch::kFloat32);
  step_count_ += counts.defined() ? counts.to(torch::kFloat32) : torch::ones_like(step_count_);
  for (Group& group : groups_) {
    at::_fused_adamw_(
        {group.masters}, {group.gradients}, {group.exp_avg}, {group.exp_avg_sq}, {}, {step_count_},
        lr, options_.beta1, options_.beta2, group.decay ? options_.weight_decay : 0.0, options_.eps,
        /*amsgrad=*/false, /*maximize=*/false, /*grad_scale=*/std::nullopt, leaves_out);
    if (!group.masters.is_alias_of(group.weights)) group.weights.copy_(group.masters);
  }
}

int64_t AdamW::steps() const { return static_cast<int64_t>(step_count_.item<double>()); }

std::vector<ParameterGroup> AdamW::groups() const {
  std::vector<ParameterGroup> table;
  for (const Group& group : groups_) {
    ParameterGroup& row = table.emplace_back(ParameterGroup{.decay = group.decay});
    for (const auto& parameter : group.parameters) {
      row.tensors += 1;
      row.elements += parameter.tensor.numel();
      row.names.push_back(parameter.name);
    }
  }
  return table;
}

TensorMap AdamW::state() const {
  TensorMap state;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const auto& [name, parameter, decays] = group.parameters[i];
      const int64_t offset = group.offsets[i];
      state.emplace("exp_avg." + name, view_at(group.exp_avg, offset, parameter));
      state.emplace("exp_avg_sq." + name, view_at(group.exp_avg_sq, offset, parameter));
      if (!group.masters.is_alias_of(group.weights)) {
        state.emplace("master." + name, view_at(group.masters, offset, parameter));
      }
    }
  }
  return state;
}

void AdamW::load_state(const TensorMap& state, int64_t steps) {
  const torch::NoGradGuard no_grad;
  copy_tensors(state, this->state(), "optimizer state");
  for (Group& group : groups_) {
    if (!group.masters.is_alias_of(group.weights)) group.weights.copy_(group.masters);
  }
  step_count_.fill_(static_cast<double>(steps));
}

}  // namespace tandem
