#include "kernels/rows/fused_rows_cuda.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/cuda/fused_rows.h"

namespace tandem::kernels::cuda {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

RowShape shape_of(const torch::Tensor& x) {
  return {.rows = x.size(0),
          .columns = x.size(1),
          .number = x.scalar_type() == torch::kBFloat16 ? Number::kBf16 : Number::kFp32};
}

void* stream() { return at::cuda::getCurrentCUDAStream().stream(); }

torch::Tensor floats(const torch::Tensor& like, at::IntArrayRef sizes) {
  return torch::empty(sizes, like.options().dtype(torch::kFloat32));
}

bool in_packs(const torch::Tensor& x) {
  return reinterpret_cast<uintptr_t>(x.const_data_ptr()) % kPackBytes == 0 &&
         x.size(-1) * x.element_size() % kPackBytes == 0;
}

// A gradient as it arrives, in rows of packs.
torch::Tensor packed(const torch::Tensor& x) {
  const torch::Tensor rows = x.contiguous();
  return in_packs(rows) ? rows : rows.clone();
}

// Adds the blocks' shares up, in a fixed order.
torch::Tensor total(const torch::Tensor& parts, const torch::Tensor& like) {
  return parts.sum(0).to(like.scalar_type());  // [D]
}

struct AddLayerNorm : torch::autograd::Function<AddLayerNorm> {
  static variable_list forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& residual, const torch::Tensor& weight,
                               const torch::Tensor& bias, double eps) {
    context->set_materialize_grads(false);
    const c10::cuda::CUDAGuard device(x.device());
    const torch::Tensor sum = torch::empty_like(x), normed = torch::empty_like(x);
    const torch::Tensor mean = floats(x, {x.size(0)}), inverse = floats(x, {x.size(0)});
    cuda::add_layer_norm(shape_of(x),
                         {.x = x.data_ptr(),
                          .residual = residual.data_ptr(),
                          .weight = weight.data_ptr(),
                          .bias = bias.data_ptr(),
                          .sum = sum.data_ptr(),
                          .normed = normed.data_ptr(),
                          .mean = mean.data_ptr<float>(),
                          .inverse = inverse.data_ptr<float>(),
                          .eps = static_cast<float>(eps)},
                         stream());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    context->save_for_backward({sum, weight, mean, inverse});
    return {sum, normed};
  }

  static variable_list backward(AutogradContext* context, variable_list arriving) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &sum = saved[0], &weight = saved[1];
    const c10::cuda::CUDAGuard device(sum.device());
    const torch::Tensor of_sum = arriving[0].defined() ? packed(arriving[0]) : arriving[0];
    const torch::Tensor of_normed =
        arriving[1].defined() ? packed(arriving[1]) : torch::zeros_like(sum);
    const torch::Tensor of_input = torch::empty_like(sum);
    const int64_t parts = part_count(sum.size(0));
    const torch::Tensor of_weight = floats(sum, {parts, sum.size(1)});
    const torch::Tensor of_bias = floats(sum, {parts, sum.size(1)});
    add_layer_norm_backward(shape_of(sum),
                            {.sum = sum.data_ptr(),
                             .weight = weight.data_ptr(),
                             .mean = saved[2].data_ptr<float>(),
                             .inverse = saved[3].data_ptr<float>(),
                             .sum_gradient = of_sum.defined() ? of_sum.data_ptr() : nullptr,
                             .normed_gradient = of_normed.data_ptr(),
                             .input_gradient = of_input.data_ptr(),
                             .weight_parts = of_weight.data_ptr<float>(),
                             .bias_parts = of_bias.data_ptr<float>()},
                            stream());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    return {of_input, of_input, total(of_weight, weight), total(of_bias, weight), torch::Tensor()};
  }
};

struct BiasActivation : torch::autograd::Function<BiasActivation> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& bias, Activation activation) {
    const c10::cuda::CUDAGuard device(x.device());
    torch::Tensor out = torch::empty_like(x);
    cuda::bias_activation(shape_of(x), activation,
                          {.x = x.data_ptr(), .bias = bias.data_ptr(), .out = out.data_ptr()},
                          stream());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    context->save_for_backward({x, bias});
    context->saved_data["activation"] = static_cast<int64_t>(activation);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list arriving) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &bias = saved[1];
    const c10::cuda::CUDAGuard device(x.device());
    const torch::Tensor gradient = packed(arriving[0]), of_input = torch::empty_like(x);
    const torch::Tensor of_bias = floats(x, {part_count(x.size(0)), x.size(1)});
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    bias_activation_backward(shape_of(x), activation,
                             {.x = x.data_ptr(),
                              .bias = bias.data_ptr(),
                              .gradient = gradient.data_ptr(),
                              .input_gradient = of_input.data_ptr(),
                              .bias_parts = of_bias.data_ptr<float>()},
                             stream());
    C10_CUDA_KERNEL_LAUNCH_CHECK();
    return {of_input, total(of_bias, bias), torch::Tensor()};
  }
};

}  // namespace

bool takes(const torch::Tensor& x) {
  return x.is_cuda() && x.dim() == 2 && x.numel() > 0 && x.is_contiguous() && in_packs(x) &&
         (x.scalar_type() == torch::kFloat32 || x.scalar_type() == torch::kBFloat16);
}

bool takes_bias(const torch::Tensor& x, const torch::Tensor& bias) {
  return takes(x) && bias.scalar_type() == x.scalar_type() && in_packs(bias);
}

bool takes_norm(const torch::Tensor& x, const torch::Tensor& residual, const NormParameters& norm) {
  return takes_bias(x, norm.bias) && takes_bias(residual, norm.weight) && x.size(1) <= kWidestRow &&
         x.sizes() == residual.sizes() && x.scalar_type() == residual.scalar_type();
}

bool takes_images(const torch::Tensor& images) {
  return images.is_cuda() && images.scalar_type() == torch::kUInt8 && images.is_contiguous() &&
         reinterpret_cast<uintptr_t>(images.const_data_ptr()) % kPackBytes == 0;
}

NormedSum add_layer_norm(const torch::Tensor& x, const torch::Tensor& residual,
                         const NormParameters& norm) {
  const variable_list both = AddLayerNorm::apply(x, residual, norm.weight, norm.bias, norm.eps);
  return {.sum = both[0], .normed = both[1]};
}

torch::Tensor bias_activation(const torch::Tensor& x, const torch::Tensor& bias,
                              Activation activation) {
  return BiasActivation::apply(x, bias, activation);
}

torch::Tensor patches(const torch::Tensor& images, const PatchOptions& options) {
  const c10::cuda::CUDAGuard device(images.device());
  const int64_t B = images.size(0), C = images.size(1), S = images.size(2), P = options.patch;
  const bool in_bf16 = options.dtype == torch::kBFloat16;
  torch::Tensor out =
      torch::empty({B * (S / P) * (S / P), C * P * P},
                   images.options().dtype(in_bf16 ? torch::kBFloat16 : torch::kFloat32));
  cuda::patches({.count = B,
                 .channels = static_cast<int>(C),
                 .size = static_cast<int>(S),
                 .patch = static_cast<int>(P),
                 .number = in_bf16 ? Number::kBf16 : Number::kFp32},
                images.data_ptr<uint8_t>(), options.mean.data_ptr<float>(),
                options.std.data_ptr<float>(), out.data_ptr(), stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out.to(options.dtype);
}

}  // namespace tandem::kernels::cuda
