#include <memory>

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/types.h>

#include "clip_bench/peak_memory.h"
#include "clip_bench/training.h"
#include "clip_bench/workload.h"
#include "common/checks.h"
#include "tandem/core/device.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/loss/sigmoid_loss.h"

namespace tandem::apps {
namespace {

struct LossArguments {
  MeasureOptions measure;
  std::string kind = "info_nce";
  int64_t count = 4096;
  int64_t dim = 512;
  std::string precision = "fp32";
  bool plain = false;
};

struct Leaves {
  torch::Tensor image, text, scale, bias;
};

Leaves make_leaves(const LossArguments& arguments) {
  const torch::Device device = resolve_device(arguments.measure.device);
  const auto unit_rows = [&](uint64_t seed) {
    const torch::Tensor x = torch::randn({arguments.count, arguments.dim},
                                         make_generator(device, seed), torch::device(device));
    const torch::Tensor unit = x / x.norm(2, -1, true);
    return unit.to(parse_precision(arguments.precision)).requires_grad_();
  };
  return {.image = unit_rows(1),
          .text = unit_rows(2),
          .scale = torch::tensor(2.659F).to(device).requires_grad_(),
          .bias = torch::tensor(-10.0F).to(device).requires_grad_()};
}

// The loss as it is usually written, on the whole matrix of logits.
torch::Tensor plain_loss(const Leaves& leaves, bool sigmoid) {
  const torch::Tensor logits = leaves.scale.exp() * leaves.image.matmul(leaves.text.t());
  if (sigmoid) {
    const torch::Tensor signs = 2 * torch::eye(logits.size(0), logits.options()) - 1;
    return -torch::log_sigmoid(signs * (logits + leaves.bias)).sum() / logits.size(0);
  }
  const torch::Tensor target = torch::arange(logits.size(0), logits.options().dtype(torch::kInt64));
  return (torch::nn::functional::cross_entropy(logits, target) +
          torch::nn::functional::cross_entropy(logits.t(), target)) /
         2;
}

torch::Tensor tiled_loss(const Leaves& leaves, bool sigmoid) {
  return sigmoid ? sigmoid_loss(leaves.image, leaves.text, leaves.scale, leaves.bias)
                 : contrastive_loss(leaves.image, leaves.text, leaves.scale);
}

int run_loss(const LossArguments& arguments) {
  const bool sigmoid = arguments.kind == "sigmoid";
  const Leaves leaves = make_leaves(arguments);
  double value = 0.0;
  const torch::Device device = leaves.image.device();
  const int64_t before = reset_peak_bytes(device);
  const Seconds seconds = measure(arguments.measure, [&] {
    const torch::Tensor loss =
        arguments.plain ? plain_loss(leaves, sigmoid) : tiled_loss(leaves, sigmoid);
    loss.backward();
    for (const torch::Tensor& each : {leaves.image, leaves.text, leaves.scale, leaves.bias})
      each.mutable_grad().reset();
    value = loss.item<double>();
  });
  const int64_t after = peak_bytes(device);
  const auto N = static_cast<double>(arguments.count);
  // What the mathematics needs: the logits, and a product for each side's gradient.
  const double flops = 3.0 * 2.0 * N * N * static_cast<double>(arguments.dim);
  nlohmann::ordered_json result =
      report(arguments.measure, seconds,
             {.items = N,
              .item = "pairs",
              .flops = flops,
              .bytes = 4.0 * 4.0 * N * static_cast<double>(arguments.dim)});
  result["benchmark"] = "loss";
  result["kind"] = arguments.kind;
  result["form"] = arguments.plain ? "plain" : "tiled";
  result["count"] = arguments.count;
  result["dim"] = arguments.dim;
  result["precision"] = arguments.precision;
  result["loss"] = value;
  result["peak_extra_bytes"] = after - before;
  print(result);
  return 0;
}

}  // namespace

std::function<int()> define_loss(CLI::App& verb) {
  const auto arguments = std::make_shared<LossArguments>();
  add_measure_options(verb, arguments->measure);
  add_device_option(verb, arguments->measure);
  verb.add_option("--precision", arguments->precision, "Of the embeddings: fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  verb.add_option("--kind", arguments->kind, "info_nce or sigmoid")
      ->check(CLI::IsMember({"info_nce", "sigmoid"}))
      ->capture_default_str();
  verb.add_option("--count", arguments->count, "Pairs, N")
      ->check(at_least(1))
      ->capture_default_str();
  verb.add_option("--dim", arguments->dim, "Size of an embedding")
      ->check(at_least(1))
      ->capture_default_str();
  verb.add_flag("--plain", arguments->plain,
                "The loss on the whole N × N matrix of logits instead, for comparison");
  return [arguments] { return run_loss(*arguments); };
}

}  // namespace tandem::apps
