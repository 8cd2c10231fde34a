#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include <torch/types.h>
#include <torch/utils.h>

#include "clip_bench/kernel_cases.h"
#include "clip_bench/measure.h"
#include "clip_bench/training.h"
#include "common/checks.h"
#include "tandem/core/device.h"

namespace tandem::apps {
namespace {

struct KernelArguments {
  MeasureOptions measure;
  KernelSizes sizes;
};

double best(const Seconds& seconds) { return *std::min_element(seconds.begin(), seconds.end()); }

// Seconds of one run. A GPU is given some at once: starting one takes as long as a small one does.
Seconds seconds_of(const MeasureOptions& options, const std::function<void()>& run) {
  const int64_t runs = options.on_gpu() ? 20 : 1;
  Seconds seconds = measure(options, [&] {
    for (int64_t i = 0; i < runs; ++i) run();
  });
  for (double& each : seconds) each /= static_cast<double>(runs);
  return seconds;
}

// Bytes read and written per second by a copy that moves `bytes` in all: what a pass could reach.
double copy_rate(const KernelArguments& arguments, double bytes) {
  const torch::Tensor from =
      torch::zeros({static_cast<int64_t>(bytes / 2)},
                   torch::device(arguments.sizes.device).dtype(torch::kUInt8));
  const torch::Tensor to = torch::zeros_like(from);
  return bytes / best(seconds_of(arguments.measure, [&] { to.copy_(from); }));
}

nlohmann::ordered_json row_of(const KernelArguments& arguments, const Kernel& kernel) {
  const Seconds seconds = seconds_of(arguments.measure, kernel.run);
  nlohmann::ordered_json row = {{"kernel", kernel.name},
                                {"shape", kernel.shape},
                                {"seconds", median(seconds)},
                                {"spread", spread(seconds)}};
  // The yardstick is measured beside each kernel: the machine may change its pace.
  if (kernel.bytes > 0) {
    row["bytes_per_second"] = kernel.bytes / best(seconds);
    row["share_of_copy"] = kernel.bytes / best(seconds) / copy_rate(arguments, kernel.bytes);
  }
  if (kernel.flops > 0) {
    row["flops_per_second"] = kernel.flops / best(seconds);
    row["share_of_machine"] = kernel.flops / best(seconds) / matrix_rate(arguments.measure);
  }
  return row;
}

int run_kernels(KernelArguments arguments) {
  const torch::NoGradGuard no_grad;
  arguments.sizes.device = resolve_device(arguments.measure.device);
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const auto add = [&](const std::vector<Kernel>& kernels) {
    for (const Kernel& each : kernels) rows.push_back(row_of(arguments, each));
  };
  add(loss_kernels(arguments.sizes));
  add(row_kernels(arguments.sizes));
  if (!arguments.measure.on_gpu()) add(product_kernels(arguments.sizes));
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
    verb.add_option(name, value, what)->check(at_least(1))->capture_default_str();
  };
  add_size("--tile-rows", arguments->sizes.tile_rows, "Rows of a tile of logits");
  add_size("--tile-columns", arguments->sizes.tile_columns, "Columns of a tile of logits");
  add_size("--rows", arguments->sizes.rows, "Rows of the products and of the passes between them");
  add_size("--width", arguments->sizes.width,
           "What the products read; they give four times as much");
  return [arguments] { return run_kernels(*arguments); };
}

}  // namespace tandem::apps
