#include <memory>

#include <torch/types.h>

#include "clip_bench/training.h"
#include "clip_bench/workload.h"
#include "tandem/core/device.h"
#include "tandem/optim/adamw.h"
#include "tandem/train/train_step.h"

namespace tandem::apps {
namespace {

struct TrainStepArguments {
  MeasureOptions measure;
  ModelChoice model;
  TextLengths lengths;
  int64_t batch = 0;
  std::string precision = "fp32";
};

// Forward and backward of both towers, and of the loss, both ways: backward is twice forward.
double step_flops(const ModelOptions& model, const TokenBatch& tokens) {
  const auto batch = static_cast<double>(tokens.size());
  const double loss = 2.0 * batch * batch * static_cast<double>(model.embed_dim);
  return 3.0 * (image_flops(model, tokens.size()) + text_flops(model, tokens) + loss);
}

int run_train_step(const TrainStepArguments& arguments) {
  RunConfig config = chosen_config(arguments.model);
  // What the peers do, too.
  config.model.text.dropout = config.model.text.attention_dropout = 0.0;
  config.model.image.dropout = 0.0;
  const int64_t batch = arguments.batch > 0 ? arguments.batch : config.data.batch_size;
  ClipModel model(config.model);
  const torch::Device device = resolve_device(arguments.measure.device);
  model->to(device);
  set_precision(model, parse_precision(arguments.precision));
  model->train();
  AdamW optimizer(trainable_parameters(*model), config.optim);
  const torch::Tensor images = random_images(config.model.image, batch).to(device);
  const TokenBatch texts = random_texts(arguments.lengths, config.model.text, batch);
  const TokenBatch tokens = texts.to(device);
  const Seconds seconds = measure(arguments.measure, [&] {
    optimizer.zero_grad();
    (void)forward_backward(model, {.images = images, .tokens = tokens}, clip_loss(model));
    optimizer.reduce(*single_process());
    (void)optimizer.clip(config.optim.grad_clip_norm);
    optimizer.update(config.optim.lr);
    model->clamp_logit_scale();
  });
  nlohmann::ordered_json result =
      report(arguments.measure, seconds,
             {.items = static_cast<double>(batch),
              .item = "pairs",
              .flops = step_flops(config.model, texts),
              .bytes = 7.0 * parameter_bytes(*model)});  // weights, gradients, both moments
  result["benchmark"] = "train-step";
  result["model"] = arguments.model.config.empty()
                        ? arguments.model.image + " + " + arguments.model.text
                        : arguments.model.config;
  result["batch_size"] = batch;
  result["precision"] = arguments.precision;
  result["mean_tokens"] = static_cast<double>(tokens.ids.numel()) / static_cast<double>(batch);
  print(result);
  return 0;
}

}  // namespace

std::function<int()> define_train_step(CLI::App& verb) {
  const auto arguments = std::make_shared<TrainStepArguments>();
  add_measure_options(verb, arguments->measure);
  add_device_option(verb, arguments->measure);
  verb.add_option("--precision", arguments->precision, "fp32 or bf16")
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  add_model_choice(verb, arguments->model);
  add_text_lengths(verb, arguments->lengths);
  verb.add_option("--batch-size", arguments->batch,
                  "Pairs of a step; 0 takes the configuration's number")
      ->capture_default_str();
  return [arguments] { return run_train_step(*arguments); };
}

}  // namespace tandem::apps
