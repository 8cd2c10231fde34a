#include "kernels/quantized_linear.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <ATen/Context.h>
#include <ATen/ops/quantize_per_channel.h>
#include <torch/utils.h>

#include "kernels/operators.h"

namespace tandem::kernels {
namespace {

constexpr double kLargest = 127.0;

// The products add pairs of neighbours in 16 bits where the CPU has no better instruction (VNNI):
// 7 bits of x then keep them from overflowing.
bool reduces_range() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512vnni") == 0;
#else
  return false;
#endif
}

// While it lives, weights are packed for the engine that is faster where there is VNNI, oneDNN.
// LibTorch keeps its choice of engine for the whole process.
class EngineForPacking {
 public:
  EngineForPacking() : lock_(mutex_), before_(at::globalContext().qEngine()) {
    const auto& engines = at::Context::supportedQEngines();
    const bool has_onednn =
        std::find(engines.begin(), engines.end(), at::QEngine::ONEDNN) != engines.end();
    if (has_onednn && !reduces_range()) at::globalContext().setQEngine(at::QEngine::ONEDNN);
  }
  ~EngineForPacking() { at::globalContext().setQEngine(before_); }
  EngineForPacking(const EngineForPacking&) = delete;
  EngineForPacking& operator=(const EngineForPacking&) = delete;

 private:
  static inline std::mutex mutex_;
  std::scoped_lock<std::mutex> lock_;
  at::QEngine before_;
};

}  // namespace

std::shared_ptr<const QuantizedLinear> QuantizedLinear::make(const torch::Tensor& weight,
                                                             const torch::Tensor& bias) {
  const torch::NoGradGuard no_grad;
  static const auto pack = find_operator("quantized::linear_prepack");
  if (!pack || !find_operator("quantized::linear_dynamic")) return nullptr;
  if (!weight.is_cpu() || weight.scalar_type() != torch::kFloat32) return nullptr;
  const torch::Tensor whole = weight.detach().contiguous();  // [N, K]
  const torch::Tensor scales = whole.abs().amax(1).clamp_min(1e-12).div_(kLargest);
  const torch::Tensor zeros = torch::zeros({whole.size(0)}, torch::kInt64);
  const torch::Tensor rounded =
      at::quantize_per_channel(whole, scales.to(torch::kFloat64), zeros, 0, torch::kQInt8);
  const EngineForPacking engine;
  try {
    return std::shared_ptr<const QuantizedLinear>(new QuantizedLinear(call_operator(
        *pack, {rounded, bias.defined() ? c10::IValue(bias.detach()) : c10::IValue()})));
  } catch (const c10::Error&) {
    return nullptr;  // an engine that this build or CPU has not
  }
}

bool QuantizedLinear::takes(const torch::Tensor& x) const { return is_for_cpu_inference(x); }

torch::Tensor QuantizedLinear::operator()(const torch::Tensor& x) const {
  static const c10::OperatorHandle op = *find_operator("quantized::linear_dynamic");
  static const bool reduce_range = reduces_range();
  return call_operator(op, {x.contiguous(), packed_, reduce_range}).toTensor();
}

}  // namespace tandem::kernels
