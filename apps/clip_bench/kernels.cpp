#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "clip_bench/measure.h"
#include "clip_bench/training.h"
#include "kernels/logit_tiles.h"
#include "kernels/packed_linear.h"
#include "kernels/quantized_linear.h"
#include "tandem/core/device.h"

namespace tandem::apps {
namespace {

struct KernelArguments {
  MeasureOptions measure;
  int64_t tile = 1024;
  int64_t rows = 1600;
  int64_t width = 768;
};

/// One kernel and what it is measured against: bytes moved at least, or operations.
struct Kernel {
  std::string name;
  std::string shape;
  std::function<void()> run;
  double bytes = 0;
  double flops = 0;
};

double best(const Seconds& seconds) { return *std::min_element(seconds.begin(), seconds.end()); }

// Bytes read and written per second by a copy of one tile: what a pass over it could reach.
double copy_rate(const KernelArguments& arguments, const torch::Tensor& tile) {
  const torch::Tensor copy = torch::empty_like(tile);
  const double seconds = best(measure(arguments.measure, [&] { copy.copy_(tile); }));
  return 2.0 * static_cast<double>(tile.nbytes()) / seconds;
}

std::vector<Kernel> loss_kernels(const KernelArguments& arguments, const torch::Tensor& tile) {
  const int64_t size = arguments.tile;
  const auto options = tile.options();
  const torch::Tensor values = torch::full({size}, 0.1, options);
  const kernels::TileTerms terms{.scale = torch::ones({}, options)};
  kernels::TileTerms grouped = terms;
  const torch::Tensor ids = torch::arange(size, options.dtype(torch::kInt64));
  grouped.rows = grouped.columns = {.image = ids, .text = ids};
  const kernels::TileStats stats{.rows = kernels::SoftmaxStats::start(size, options),
                                 .columns = kernels::SoftmaxStats::start(size, options),
                                 .diagonal = torch::zeros({size}, options)};
  const kernels::WeightedMax weighted{.max = torch::full({size}, 10.0, options), .weight = values};
  const kernels::SoftmaxShares shares{.rows = weighted, .columns = weighted, .diagonal = values};
  const kernels::SigmoidSums sums{.loss = values.clone(), .slope = values.clone()};
  // In the dtype that the products of gradients are made in.
  const torch::Tensor gradient = arguments.measure.on_gpu() ? tile.to(torch::kBFloat16) : tile;
  const auto bytes = static_cast<double>(tile.nbytes());
  const double both = bytes + static_cast<double>(gradient.nbytes());
  const std::string shape = fmt::format("{} x {}", size, size);
  return {{"softmax statistics", shape, [=] { kernels::add_to_stats(tile, terms, stats); }, bytes},
          {"softmax gradient", shape,
           [=] { kernels::softmax_gradient(tile, terms, shares, gradient); }, both},
          {"softmax gradient, duplicates masked", shape,
           [=] { kernels::softmax_gradient(tile, grouped, shares, gradient); }, both},
          {"sigmoid gradient", shape,
           [=] { kernels::sigmoid_gradient(tile, terms, sums, gradient); }, both}};
}

std::vector<Kernel> product_kernels(const KernelArguments& arguments) {
  const int64_t rows = arguments.rows, in = arguments.width, out = 4 * in;
  const auto draw = [](at::IntArrayRef sizes, uint64_t seed) {
    return torch::randn(sizes, make_generator(torch::kCPU, seed));
  };
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

int run_kernels(const KernelArguments& arguments) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor tile =
      torch::randn({arguments.tile, arguments.tile}, make_generator(torch::kCPU, 4))
          .to(resolve_device(arguments.measure.device));
  std::vector<Kernel> all = loss_kernels(arguments, tile);
  if (!arguments.measure.on_gpu()) {
    for (Kernel& each : product_kernels(arguments)) all.push_back(std::move(each));
  }
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Kernel& each : all) {
    const Seconds seconds = measure(arguments.measure, each.run);
    nlohmann::ordered_json row = {{"kernel", each.name},
                                  {"shape", each.shape},
                                  {"seconds", median(seconds)},
                                  {"spread", spread(seconds)}};
    // The yardstick is measured beside each kernel: the machine may change its pace.
    if (each.bytes > 0) {
      row["bytes_per_second"] = each.bytes / best(seconds);
      row["share_of_copy"] = each.bytes / best(seconds) / copy_rate(arguments, tile);
    }
    if (each.flops > 0) {
      row["flops_per_second"] = each.flops / best(seconds);
      row["share_of_machine"] = each.flops / best(seconds) / matrix_rate(arguments.measure);
    }
    rows.push_back(std::move(row));
  }
  print({{"benchmark", "kernels"},
         {"kernels", rows},
         {"device", arguments.measure.device},
         {"machine", machine()}});
  return 0;
}

}  // namespace

std::function<int()> define_kernels(CLI::App& verb) {
  const auto arguments = std::make_shared<KernelArguments>();
  arguments->measure.repeats = 20;
  add_measure_options(verb, arguments->measure);
  add_device_option(verb, arguments->measure);
  const auto add_size = [&](const char* name, int64_t& value, const char* what) {
    verb.add_option(name, value, what)->check(CLI::PositiveNumber)->capture_default_str();
  };
  add_size("--tile", arguments->tile, "Rows and columns of a tile of logits");
  add_size("--rows", arguments->rows, "Rows of the products");
  add_size("--width", arguments->width, "What the products read; they give four times as much");
  return [arguments] { return run_kernels(*arguments); };
}

}  // namespace tandem::apps
