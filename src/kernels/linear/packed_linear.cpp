#include "kernels/linear/packed_linear.h"

#include <utility>

#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/operators.h"
#include "tandem/core/device.h"

namespace tandem::kernels {
namespace {

constexpr double kAgreement = 1e-4;  // Relative, of fp32 sums of some hundred terms.

torch::Tensor reorder(const torch::Tensor& weight) {
  return call_operator(*find_operator("mkldnn::_reorder_linear_weight"), {weight, c10::IValue()})
      .toTensor();
}

torch::Tensor multiply(const torch::Tensor& x, const torch::Tensor& packed,
                       const torch::Tensor& bias, Epilogue epilogue) {
  static const c10::OperatorHandle op = *find_operator("mkldnn::_linear_pointwise");
  const bool plain = epilogue == Epilogue::kNone;
  const c10::List<std::optional<at::Scalar>> scalars;
  return call_operator(op, {x, packed, bias.defined() ? c10::IValue(bias) : c10::IValue(),
                            std::string(plain ? "none" : "gelu"), scalars,
                            std::string(epilogue == Epilogue::kGeluTanh ? "tanh" : "none")})
      .toTensor();
}

// Whether the private operators are there, take these arguments and compute what they should.
bool probe() {
  try {
    if (!find_operator("mkldnn::_reorder_linear_weight") ||
        !find_operator("mkldnn::_linear_pointwise"))
      return false;
    const auto draw = [](at::IntArrayRef sizes, uint64_t seed) {
      return torch::randn(sizes, make_generator(torch::kCPU, seed));
    };
    const torch::Tensor x = draw({5, 64}, 1), weight = draw({32, 64}, 2), bias = draw({32}, 3);
    const torch::Tensor packed = reorder(weight), expected = at::linear(x, weight, bias);
    return torch::allclose(multiply(x, packed, bias, Epilogue::kNone), expected, kAgreement,
                           kAgreement) &&
           torch::allclose(multiply(x, packed, bias, Epilogue::kGelu), at::gelu(expected),
                           kAgreement, kAgreement) &&
           torch::allclose(multiply(x, packed, bias, Epilogue::kGeluTanh),
                           at::gelu(expected, "tanh"), kAgreement, kAgreement);
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

bool packing_pays() {
#if defined(__x86_64__)
  return __builtin_cpu_is("intel") == 0;
#else
  return true;
#endif
}

std::shared_ptr<const PackedLinear> PackedLinear::make(const torch::Tensor& weight,
                                                       const torch::Tensor& bias) {
  const torch::NoGradGuard no_grad;
  static const bool available = probe();
  if (!available || !weight.is_cpu() || weight.scalar_type() != torch::kFloat32) return nullptr;
  return std::shared_ptr<const PackedLinear>(new PackedLinear(
      reorder(weight.detach().contiguous()), bias.defined() ? bias.detach() : bias));
}

bool PackedLinear::takes(const torch::Tensor& x) const { return is_for_cpu_inference(x); }

torch::Tensor PackedLinear::operator()(const torch::Tensor& x, Epilogue epilogue) const {
  return multiply(x.contiguous(), packed_, bias_, epilogue);
}

}  // namespace tandem::kernels
