#pragma once

#include <optional>

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/types.h>
#include <torch/utils.h>

/// Operators of LibTorch that have no C++ function: they are found by name, and may be missing.
namespace tandem::kernels {

[[nodiscard]] inline std::optional<c10::OperatorHandle> find_operator(const char* name) {
  return c10::Dispatcher::singleton().findSchema({name, ""});
}

/// Returns the first result. Throws as the operator does.
[[nodiscard]] inline c10::IValue call_operator(const c10::OperatorHandle& op,
                                               torch::jit::Stack stack) {
  op.callBoxed(stack);
  return stack.front();
}

/// Whether x is what the CPU's forms for inference read: fp32, on the CPU, outside autograd.
[[nodiscard]] inline bool is_for_cpu_inference(const torch::Tensor& x) {
  return !torch::GradMode::is_enabled() && x.is_cpu() && x.scalar_type() == torch::kFloat32;
}

}  // namespace tandem::kernels
