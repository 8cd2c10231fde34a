#include "tandem/nn/linear.h"

#include <torch/utils.h>

#include "kernels/linear/packed_linear.h"
#include "kernels/linear/quantized_linear.h"
#include "kernels/operators.h"
#include "kernels/rows/fused_rows.h"
#include "kernels/rows/quick_gelu.h"
#include "tandem/nn/transformer.h"

namespace tandem {
namespace {

kernels::Epilogue epilogue_of(Activation activation) {
  switch (activation) {
    case Activation::kGelu: return kernels::Epilogue::kGelu;
    case Activation::kGeluTanh: return kernels::Epilogue::kGeluTanh;
    case Activation::kQuickGelu: break;
  }
  return kernels::Epilogue::kNone;
}

// The activation of a tensor that nothing else reads.
torch::Tensor activate_in_place(torch::Tensor x, Activation activation) {
  if (torch::GradMode::is_enabled()) return kernels::activate(x, activation);
  switch (activation) {
    case Activation::kGelu: return at::gelu_(x);
    case Activation::kGeluTanh: return at::gelu_(x, "tanh");
    case Activation::kQuickGelu: break;
  }
  if (!kernels::is_for_cpu_inference(x)) return x.mul_(torch::sigmoid(1.702 * x));
  kernels::quick_gelu_in_place(x);
  return x;
}

}  // namespace

LinearImpl::LinearImpl(int64_t input_dim, int64_t output_dim, bool with_bias) {
  weight = register_parameter("weight", torch::empty({output_dim, input_dim}),
                              {.init = Init::kNormal, .decays = true});
  if (with_bias)
    bias = register_parameter("bias", torch::empty({output_dim}), {.init = Init::kZeros});
}

torch::Tensor LinearImpl::forward(const torch::Tensor& x) const {
  if (quantized_ != nullptr && quantized_->takes(x)) return (*quantized_)(x);
  const kernels::PackedLinear* const packed = packed_.load(std::memory_order_acquire);
  return packed != nullptr && packed->takes(x) ? (*packed)(x) : at::linear(x, weight, bias);
}

torch::Tensor LinearImpl::activated(const torch::Tensor& x, Activation activation) const {
  const kernels::PackedLinear* const packed = packed_.load(std::memory_order_acquire);
  const kernels::Epilogue epilogue = epilogue_of(activation);
  const bool fused = packed != nullptr && packed->takes(x) && epilogue != kernels::Epilogue::kNone;
  if (bias.defined() && kernels::is_fused_for(x))
    return kernels::bias_activation(at::linear(x, weight), bias, activation);
  return fused ? (*packed)(x, epilogue) : activate_in_place(forward(x), activation);
}

void LinearImpl::pack() {
  if (packed_owner_ || quantized_ || !kernels::packing_pays()) return;
  packed_owner_ = kernels::PackedLinear::make(weight, bias);
  packed_.store(packed_owner_.get(), std::memory_order_release);
}

bool LinearImpl::quantize() {
  quantized_ = kernels::QuantizedLinear::make(weight, bias);
  if (quantized_ == nullptr) return false;
  packed_.store(nullptr, std::memory_order_release);
  packed_owner_.reset();
  return true;
}

void pack_linears(torch::nn::Module& module) {
  for (const auto& each : module.modules()) {
    if (auto* const linear = each->as<LinearImpl>()) linear->pack();
  }
}

int64_t quantize_blocks(torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& each : module.modules()) {
    if (each->as<BlockImpl>() == nullptr) continue;
    for (const auto& layer : each->modules()) {
      auto* const linear = layer->as<LinearImpl>();
      if (linear != nullptr && linear->quantize()) ++count;
    }
  }
  return count;
}

}  // namespace tandem
