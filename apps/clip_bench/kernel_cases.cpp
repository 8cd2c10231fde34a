#include "clip_bench/kernel_cases.h"

#include <utility>

#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kernels/linear/packed_linear.h"
#include "kernels/linear/quantized_linear.h"
#include "kernels/rows/fused_rows.h"
#include "kernels/tiles/logit_tiles.h"
#include "tandem/core/device.h"

namespace tandem::apps {
namespace {

torch::Tensor draw(at::IntArrayRef sizes, uint64_t seed) {
  return torch::randn(sizes, make_generator(torch::kCPU, seed));
}

double bytes_of(const std::vector<torch::Tensor>& tensors) {
  double bytes = 0;
  for (const torch::Tensor& each : tensors) bytes += static_cast<double>(each.nbytes());
  return bytes;
}

// The gradient of `outputs` with respect to `inputs`, over and over on one graph.
Kernel gradient_kernel(std::string name, std::string shape,
                       const std::vector<torch::Tensor>& outputs,
                       const std::vector<torch::Tensor>& inputs) {
  std::vector<torch::Tensor> arriving;
  for (const torch::Tensor& each : outputs) arriving.push_back(torch::ones_like(each));
  return {.name = std::move(name), .shape = std::move(shape), .run = [=] {
            (void)torch::autograd::grad(outputs, inputs, arriving, /*retain_graph=*/true);
          }};
}

}  // namespace

std::vector<Kernel> loss_kernels(const KernelSizes& sizes) {
  const int64_t R = sizes.tile_rows, C = sizes.tile_columns;
  const torch::Tensor tile = draw({R, C}, 4).to(sizes.device);
  const auto options = tile.options(), integers = options.dtype(torch::kInt64);
  const torch::Tensor of_rows = torch::full({R}, 0.1, options);
  const kernels::TileTerms terms{.scale = torch::ones({}, options)};
  kernels::TileTerms grouped = terms;
  grouped.rows.image = grouped.rows.text = torch::arange(R, integers);
  grouped.columns.image = grouped.columns.text = torch::arange(C, integers);
  const kernels::TileStats stats{.rows = kernels::SoftmaxStats::start(R, options),
                                 .columns = kernels::SoftmaxStats::start(C, options),
                                 .diagonal = torch::zeros({R}, options)};
  const kernels::SoftmaxShares shares{
      .rows = {.max = torch::full({R}, 10.0, options), .weight = of_rows},
      .columns = {.max = torch::full({C}, 10.0, options), .weight = torch::full({C}, 0.1, options)},
      .diagonal = of_rows};
  const kernels::SigmoidSums sums{.loss = of_rows.clone(), .slope = of_rows.clone()};
  // In the dtype that the products of gradients are made in.
  const torch::Tensor gradient = sizes.device.is_cuda() ? tile.to(torch::kBFloat16) : tile;
  const double bytes = bytes_of({tile}), both = bytes_of({tile, gradient});
  const std::string shape = fmt::format("{} x {}", R, C);
  return {{"softmax statistics", shape, [=] { kernels::add_to_stats(tile, terms, stats); }, bytes},
          {"softmax gradient", shape,
           [=] { kernels::softmax_gradient(tile, terms, shares, gradient); }, both},
          {"softmax gradient, duplicates masked", shape,
           [=] { kernels::softmax_gradient(tile, grouped, shares, gradient); }, both},
          {"sigmoid gradient", shape,
           [=] { kernels::sigmoid_gradient(tile, terms, sums, gradient); }, both}};
}

std::vector<Kernel> row_kernels(const KernelSizes& sizes) {
  const int64_t T = sizes.rows, D = sizes.width, wide = 4 * D;
  const auto dtype = sizes.device.is_cuda() ? torch::kBFloat16 : torch::kFloat32;
  const auto options = torch::device(sizes.device).dtype(dtype);
  const auto leaf = [&](at::IntArrayRef shape) {
    return torch::randn(shape, options).requires_grad_();
  };
  const torch::Tensor x = leaf({T, D}), residual = leaf({T, D}), y = leaf({T, wide}),
                      shift = leaf({wide});
  const kernels::NormParameters norm{.weight = leaf({D}), .bias = leaf({D}), .eps = 1e-5};
  const std::string shape = fmt::format("{} x {}", T, D),
                    wide_shape = fmt::format("{} x {}", T, wide);

  constexpr int64_t kSize = 224, kPatch = 16, kPatches = (kSize / kPatch) * (kSize / kPatch);
  const torch::Tensor images = torch::randint(
      0, 256, {(T + kPatches - 1) / kPatches, 3, kSize, kSize}, options.dtype(torch::kUInt8));
  const auto channels = torch::full({3, 1}, 100.0, options.dtype(torch::kFloat32));
  const kernels::PatchOptions cut{
      .patch = kPatch, .mean = channels, .std = channels, .dtype = dtype};

  std::vector<Kernel> found = {
      {"sum + LayerNorm", shape, [=] { (void)kernels::add_layer_norm(x, residual, norm); },
       4 * bytes_of({x})},
      {"bias + GELU", wide_shape,
       [=] { (void)kernels::bias_activation(y, shift, Activation::kGelu); }, 2 * bytes_of({y})},
      {"patches of bytes", fmt::format("{} x 3 x {} x {}", images.size(0), kSize, kSize),
       [=] { (void)kernels::patches(images, cut); },
       bytes_of({images, kernels::patches(images, cut)})}};
  const torch::AutoGradMode with_gradients(true);
  const kernels::NormedSum normed = kernels::add_layer_norm(x, residual, norm);
  found.push_back(gradient_kernel("sum + LayerNorm, gradient", shape, {normed.sum, normed.normed},
                                  {x, residual, norm.weight, norm.bias}));
  found.back().bytes = 4 * bytes_of({x});
  found.push_back(gradient_kernel("bias + GELU, gradient", wide_shape,
                                  {kernels::bias_activation(y, shift, Activation::kGelu)},
                                  {y, shift}));
  found.back().bytes = 3 * bytes_of({y});
  return found;
}

std::vector<Kernel> product_kernels(const KernelSizes& sizes) {
  const int64_t rows = sizes.rows, in = sizes.width, out = 4 * in;
  const torch::Tensor x = draw({rows, in}, 1), weight = draw({out, in}, 2) / 32,
                      bias = draw({out}, 3);
  const double flops = 2.0 * static_cast<double>(rows * in * out);
  const std::string shape = fmt::format("{} x {} -> {}", rows, in, out);
  std::vector<Kernel> found{
      {"linear (LibTorch's)", shape, [=] { (void)at::linear(x, weight, bias); }, 0, flops}};
  if (const auto packed = kernels::PackedLinear::make(weight, bias)) {
    found.push_back({"linear, packed", shape, [=] { (void)(*packed)(x); }, 0, flops});
    found.push_back({"linear, packed, with GELU", shape,
                     [=] { (void)(*packed)(x, kernels::Epilogue::kGelu); }, 0, flops});
  }
  if (const auto quantized = kernels::QuantizedLinear::make(weight, bias))
    found.push_back({"linear, int8", shape, [=] { (void)(*quantized)(x); }, 0, flops});
  return found;
}

}  // namespace tandem::apps
