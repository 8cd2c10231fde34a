#include "clip_bench/encode.h"

#include <memory>
#include <vector>

#include <torch/types.h>

#include "clip_bench/workload.h"
#include "common/checks.h"
#include "inference/precision.h"
#include "tandem/core/device.h"
#include "tandem/model/encode_in_slices.h"
#include "tandem/nn/linear.h"

namespace tandem::apps {
namespace {

struct EncodeArguments {
  MeasureOptions measure;
  ModelChoice model;
  TextLengths lengths;
  int64_t batch = 32;
  int64_t batches = 1;
  std::string precision = "fp32";
};

void add_options(CLI::App& verb, EncodeArguments& arguments) {
  add_measure_options(verb, arguments.measure);
  add_device_option(verb, arguments.measure);
  add_model_choice(verb, arguments.model);
  verb.add_option("--batch-size", arguments.batch, "Items of one forward pass")
      ->check(at_least(1))
      ->capture_default_str();
  verb.add_option("--precision", arguments.precision, "fp32, bf16, or int8 (CPU)")
      ->check(CLI::IsMember({"fp32", "bf16", "int8"}))
      ->capture_default_str();
}

// In fp32.
ClipModel make(const EncodeArguments& arguments, RunConfig& config) {
  config = chosen_config(arguments.model);
  ClipModel model(config.model);
  const torch::Device device = resolve_device(arguments.measure.device);
  check_inference_precision(arguments.precision, device);
  model->to(device);
  model->eval();
  return model;
}

void prepare(const EncodeArguments& arguments, ClipModel model) {
  set_inference_precision(model, arguments.precision);
  if (!arguments.measure.on_gpu()) pack_linears(*model);
}

// The smallest cosine between rows of both, [B, D] each: what a precision costs.
double smallest_cosine(const torch::Tensor& x, const torch::Tensor& y) {
  return torch::cosine_similarity(x.to(torch::kFloat64), y.to(torch::kFloat64), 1)
      .min()
      .item<double>();
}

int encode_images(const EncodeArguments& arguments) {
  RunConfig config;
  ClipModel model = make(arguments, config);
  const c10::InferenceMode inference;
  const torch::Tensor images =
      random_images(config.model.image, arguments.batch).to(arguments.measure.device);
  torch::Tensor exact;  // [B, D]
  if (arguments.precision != "fp32") exact = encode_images_in_slices(model, images);
  prepare(arguments, model);
  const Seconds seconds =
      measure(arguments.measure, [&] { (void)encode_images_in_slices(model, images); });
  nlohmann::ordered_json result =
      report(arguments.measure, seconds,
             {.items = static_cast<double>(arguments.batch),
              .item = "images",
              .flops = image_flops(config.model, arguments.batch),
              .bytes = parameter_bytes(*model->image) + static_cast<double>(images.nbytes())});
  result["benchmark"] = "encode-image";
  result["model"] =
      config.model.image.preset.empty() ? arguments.model.image : config.model.image.preset;
  result["batch_size"] = arguments.batch;
  result["precision"] = arguments.precision;
  if (exact.defined())
    result["cosine_to_fp32"] = smallest_cosine(encode_images_in_slices(model, images), exact);
  print(result);
  return 0;
}

int encode_texts(const EncodeArguments& arguments) {
  RunConfig config;
  ClipModel model = make(arguments, config);
  prepare(arguments, model);
  const c10::InferenceMode inference;
  std::vector<TokenBatch> batches;
  double flops = 0, tokens = 0;
  for (int64_t i = 0; i < arguments.batches; ++i) {
    batches.push_back(
        random_texts(arguments.lengths, config.model.text, arguments.batch, i * arguments.batch));
    flops += text_flops(config.model, batches.back());
    batches.back() = batches.back().to(arguments.measure.device);
    tokens += static_cast<double>(batches.back().ids.numel());
  }
  const Seconds seconds = measure(arguments.measure, [&] {
    for (const TokenBatch& each : batches) (void)encode_texts_in_slices(model, each);
  });
  nlohmann::ordered_json result =
      report(arguments.measure, seconds,
             {.items = static_cast<double>(arguments.batch * arguments.batches),
              .item = "texts",
              .flops = flops,
              .bytes = parameter_bytes(*model->text)});
  result["benchmark"] = "encode-text";
  result["model"] = arguments.model.text;
  result["batch_size"] = arguments.batch;
  result["mean_tokens"] = tokens / static_cast<double>(arguments.batch * arguments.batches);
  result["precision"] = arguments.precision;
  print(result);
  return 0;
}

}  // namespace

std::function<int()> define_encode_image(CLI::App& verb) {
  const auto arguments = std::make_shared<EncodeArguments>();
  arguments->model.text = "tandem_tiny";
  add_options(verb, *arguments);
  return [arguments] { return encode_images(*arguments); };
}

std::function<int()> define_encode_text(CLI::App& verb) {
  const auto arguments = std::make_shared<EncodeArguments>();
  arguments->model.image = "tandem_tiny";
  arguments->model.text = "roberta_base";
  add_options(verb, *arguments);
  add_text_lengths(verb, arguments->lengths);
  verb.add_option("--batches", arguments->batches, "Batches of one repeat")
      ->check(at_least(1))
      ->capture_default_str();
  return [arguments] { return encode_texts(*arguments); };
}

}  // namespace tandem::apps
