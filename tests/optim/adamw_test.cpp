#include "tandem/optim/adamw.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/nn/linear.h"
#include "tandem/nn/parameter_role.h"

namespace tandem {
namespace {

std::vector<NamedParameter> some_parameters(torch::ScalarType dtype) {
  std::vector<NamedParameter> parameters;
  const auto add = [&](const std::string& name, torch::IntArrayRef sizes, torch::ScalarType type) {
    const torch::Tensor value = torch::randn(sizes, make_generator(torch::kCPU, parameters.size()));
    parameters.push_back(
        {.name = name, .tensor = value.to(type).requires_grad_(), .decays = name == "weight"});
  };
  add("weight", {3, 4}, dtype);
  add("bias", {4}, dtype);
  add("image.position_embedding", {2, 4}, dtype);
  add("logit_scale", {}, torch::kFloat32);
  return parameters;
}

void set_gradients(const std::vector<NamedParameter>& parameters, uint64_t seed) {
  for (const auto& [name, tensor, decays] : parameters) {
    const torch::Tensor noise = torch::randn(tensor.sizes(), make_generator(torch::kCPU, seed));
    tensor.grad().copy_(noise);
  }
}

TEST(AdamW, FollowsThePapersUpdate) {
  const OptimOptions options{.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-8, .weight_decay = 0.1};
  const auto parameters = some_parameters(torch::kFloat32);
  std::vector<torch::Tensor> expected, m, v;
  for (const auto& [name, tensor, decays] : parameters) {
    expected.push_back(tensor.detach().to(torch::kFloat64, false, true));
    m.push_back(torch::zeros_like(expected.back()));
    v.push_back(torch::zeros_like(expected.back()));
  }
  AdamW optimizer(parameters, options);
  const double lr = 0.01;
  for (int step = 1; step <= 5; ++step) {
    optimizer.zero_grad();
    set_gradients(parameters, static_cast<uint64_t>(step));
    for (size_t i = 0; i < parameters.size(); ++i) {
      const torch::Tensor g = parameters[i].tensor.grad().to(torch::kFloat64);
      const double decay = parameters[i].name == "weight" ? options.weight_decay : 0.0;
      expected[i] *= 1 - lr * decay;
      m[i] = options.beta1 * m[i] + (1 - options.beta1) * g;
      v[i] = options.beta2 * v[i] + (1 - options.beta2) * g * g;
      const torch::Tensor m_hat = m[i] / (1 - std::pow(options.beta1, step));
      const torch::Tensor v_hat = v[i] / (1 - std::pow(options.beta2, step));
      expected[i] -= lr * m_hat / (v_hat.sqrt() + options.eps);
    }
    optimizer.reduce(*single_process());
    optimizer.update(lr);
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_TRUE(
        torch::allclose(parameters[i].tensor.detach().to(torch::kFloat64), expected[i], 1e-5, 1e-6))
        << parameters[i].name;
  }
}

TEST(AdamW, DecaysWhatItsParametersSay) {
  AdamW optimizer(some_parameters(torch::kFloat32), {});
  for (const ParameterGroup& group : optimizer.groups()) {
    EXPECT_EQ(group.tensors, group.decay ? 1 : 3);
    EXPECT_EQ(group.names.front() == "weight", group.decay);
  }
}

TEST(AdamW, ClipsTheJointNorm) {
  const auto parameters = some_parameters(torch::kFloat32);
  AdamW optimizer(parameters, {});
  set_gradients(parameters, 1);
  double square = 0;
  for (const auto& [name, tensor, decays] : parameters)
    square += tensor.grad().pow(2).sum().item<double>();
  optimizer.reduce(*single_process());
  EXPECT_NEAR(optimizer.clip(0.5).item<double>(), std::sqrt(square), 1e-5);
  double clipped = 0;
  for (const auto& [name, tensor, decays] : parameters)
    clipped += tensor.grad().pow(2).sum().item<double>();
  EXPECT_NEAR(std::sqrt(clipped), 0.5, 1e-5);
  EXPECT_NEAR(optimizer.clip(0.0).item<double>(), 0.5, 1e-5);
  EXPECT_NEAR(optimizer.clip(9.0).item<double>(), 0.5, 1e-5);
}

TEST(AdamW, KeepsFp32MastersOfBf16Weights) {
  const auto parameters = some_parameters(torch::kBFloat16);
  AdamW optimizer(parameters, {});
  const torch::Tensor before = parameters[0].tensor.detach().to(torch::kFloat32, false, true);
  // Each update is far below bf16's resolution; only masters add them up.
  for (int step = 0; step < 200; ++step) {
    optimizer.zero_grad();
    set_gradients(parameters, 1);
    optimizer.reduce(*single_process());
    (void)optimizer.clip(0.0);
    optimizer.update(1e-4);
  }
  const torch::Tensor master = optimizer.state().at("master.weight");
  EXPECT_GT((master - before).abs().min().item<double>(), 1e-2);
  EXPECT_TRUE(torch::equal(parameters[0].tensor.detach(), master.to(torch::kBFloat16)));
}

// A step that does not count leaves weights, moments and the count as they were, whatever the
// gradients hold.
TEST(AdamW, LeavesOutAStepThatDoesNotCount) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const auto parameters = some_parameters(dtype), others = some_parameters(dtype);
    AdamW optimizer(parameters, {}), straight(others, {});
    const auto run = [](AdamW& each, const std::vector<NamedParameter>& owned, double gradient,
                        bool counts) {
      set_gradients(owned, 1);
      owned[0].tensor.grad().fill_(gradient);
      each.reduce(*single_process());
      (void)each.clip(1.0);
      each.update(0.01, torch::tensor(counts));
    };
    for (const double gradient : {0.5, std::nan(""), -0.5})
      run(optimizer, parameters, gradient, std::isfinite(gradient));
    for (const double gradient : {0.5, -0.5}) run(straight, others, gradient, true);
    EXPECT_EQ(optimizer.steps(), 2);
    for (size_t i = 0; i < others.size(); ++i)
      EXPECT_TRUE(torch::equal(parameters[i].tensor, others[i].tensor)) << others[i].name;
    const TensorMap expected = straight.state();
    for (const auto& [name, tensor] : optimizer.state())
      EXPECT_TRUE(torch::equal(tensor, expected.at(name))) << name;
  }
}

// What wide loads need, of whatever size the parameters before are.
TEST(AdamW, LaysParametersOnMultiplesOf64Bytes) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const auto parameters = some_parameters(dtype);
    const AdamW optimizer(parameters, {});
    for (const auto& [name, tensor, decays] : parameters) {
      for (const torch::Tensor& each : {tensor, tensor.grad()})
        EXPECT_EQ(reinterpret_cast<uintptr_t>(each.data_ptr()) % 64, 0) << name;
    }
  }
}

TEST(AdamW, GoesOnExactlyFromItsState) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    const auto parameters = some_parameters(dtype), copies = some_parameters(dtype);
    AdamW optimizer(parameters, {}), resumed(copies, {});
    const auto run = [](AdamW& each, const std::vector<NamedParameter>& owned, uint64_t seed) {
      each.zero_grad();
      set_gradients(owned, seed);
      each.reduce(*single_process());
      (void)each.clip(1.0);
      each.update(0.01);
    };
    for (uint64_t step = 0; step < 3; ++step) run(optimizer, parameters, step);
    for (size_t i = 0; i < copies.size(); ++i)
      copies[i].tensor.detach().copy_(parameters[i].tensor.detach());
    resumed.load_state(optimizer.state(), optimizer.steps());
    for (uint64_t step = 3; step < 6; ++step) {
      run(optimizer, parameters, step);
      run(resumed, copies, step);
    }
    for (size_t i = 0; i < copies.size(); ++i) {
      EXPECT_TRUE(torch::equal(copies[i].tensor, parameters[i].tensor)) << copies[i].name;
    }
  }
}

TEST(AdamW, RefusesTheStateOfAnotherModel) {
  AdamW optimizer(some_parameters(torch::kFloat32), {});
  TensorMap state = optimizer.state();
  state.erase("exp_avg.bias");
  EXPECT_THROW(optimizer.load_state(state, 1), Error);
  state = optimizer.state();
  state["exp_avg.stray"] = torch::zeros({1});
  EXPECT_THROW(optimizer.load_state(state, 1), Error);
}

TEST(AdamW, UpdatesNothingWithoutTheGradientsOfThisStep) {
  const torch::Tensor weight = torch::ones({2, 2}).requires_grad_();
  AdamW optimizer({{.name = "weight", .tensor = weight, .decays = true}}, {});
  weight.square().sum().backward();
  EXPECT_THROW((void)optimizer.clip(1.0), c10::Error);
  EXPECT_THROW(optimizer.update(0.1), c10::Error);
  optimizer.reduce(*single_process());
  optimizer.update(0.1);
  EXPECT_THROW(optimizer.update(0.1), c10::Error) << "of the step before";
}

// A module of a kind that the library does not have: a gate of two dimensions that begins closed
// and is not decayed, and a layer that begins with zeros.
class GateImpl : public ModuleWithRoles {
 public:
  GateImpl() {
    gate = register_parameter("gate", torch::ones({2, 4}), {.init = Init::kZeros});
    scale = register_parameter("scale", torch::full({3}, 7.0), {.init = Init::kKept});
    free = register_parameter("free", torch::zeros({3, 5}), {.decays = true});
    layer = register_module("layer", Linear(4, 4));
    layer->set_role("weight", {.init = Init::kZeros, .decays = true});
  }

  torch::Tensor gate, scale, free;
  Linear layer{nullptr};
};
TORCH_MODULE(Gate);

TEST(TrainableParameters, FollowTheRolesOfANewModule) {
  Gate gate;
  init_parameters(*gate, 0.5, make_generator(torch::kCPU, 1));
  const torch::Tensor expected =
      torch::empty({3, 5}).normal_(0.0, 0.5, make_generator(torch::kCPU, 1));
  EXPECT_EQ(gate->gate.abs().max().item<double>(), 0.0);
  EXPECT_EQ(gate->scale.min().item<double>(), 7.0);
  EXPECT_TRUE(torch::equal(gate->free, expected)) << "no other parameter draws numbers";
  EXPECT_EQ(gate->layer->weight.abs().max().item<double>(), 0.0);

  gate->layer->bias.set_requires_grad(false);
  const AdamW optimizer(trainable_parameters(*gate), {});
  std::map<bool, std::vector<std::string>> names;
  for (const ParameterGroup& group : optimizer.groups()) names[group.decay] = group.names;
  EXPECT_EQ(names[true], (std::vector<std::string>{"free", "layer.weight"}));
  EXPECT_EQ(names[false], (std::vector<std::string>{"gate", "scale"}));
}

}  // namespace
}  // namespace tandem
