#include "tandem/train/train_step.h"

#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/utils.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/loss/contrastive_loss.h"
#include "tandem/loss/sigmoid_loss.h"
#include "train/sliced_step.h"

namespace tandem {
namespace {

// A micro-batch: its pairs and the seed that its dropout masks follow from.
struct Part {
  torch::Tensor images;
  TokenBatch tokens;
  uint64_t dropout_seed = 0;
};

void check(const torch::Tensor& images, const TokenBatch& tokens,
           const AccumulationOptions& options) {
  const int64_t B = images.size(0);
  TORCH_CHECK(tokens.size() == B, "expected as many texts as pictures, got ", tokens.size(),
              " and ", B);
  if (options.micro_batches >= 1 && B % options.micro_batches == 0) return;
  throw Error(ErrorKind::kUsage, {.what = "the batch does not divide into micro-batches",
                                  .expected = "a divisor of " + std::to_string(B),
                                  .found = std::to_string(options.micro_batches)});
}

std::vector<Part> split(const torch::Tensor& images, const TokenBatch& tokens,
                        const AccumulationOptions& options) {
  check(images, tokens, options);
  const int64_t size = images.size(0) / options.micro_batches;
  std::vector<Part> parts;
  for (int64_t m = 0; m < options.micro_batches; ++m) {
    const bool whole = options.micro_batches == 1;
    const TokenBatch texts = whole ? tokens : tokens.slice(m * size, (m + 1) * size);
    parts.push_back({.images = images.slice(0, m * size, (m + 1) * size),
                     .tokens = texts.to(images.device()),
                     .dropout_seed = mix_seed({options.dropout_seed, static_cast<uint64_t>(m)})});
  }
  return parts;
}

torch::Tensor loss_of(const ClipEmbeddings& embeddings, ClipModel& model,
                      const AccumulationOptions& options) {
  if (options.loss == LossKind::kInfoNce) {
    return contrastive_loss(embeddings.image_embeddings, embeddings.text_embeddings,
                            model->logit_scale(),
                            ContrastiveLossOptions{.label_smoothing = options.label_smoothing,
                                                   .groups = options.groups});
  }
  const auto parameters = model->named_parameters(/*recurse=*/false);
  const torch::Tensor* const logit_bias = parameters.find("logit_bias");
  if (logit_bias == nullptr) {
    throw Error(ErrorKind::kConfig, {.what = "the sigmoid loss needs a learned bias in the model",
                                     .where = "loss.kind",
                                     .expected = "a model with logit_bias",
                                     .hint = "model.logit_bias: true"});
  }
  return sigmoid_loss(embeddings.image_embeddings, embeddings.text_embeddings, model->logit_scale(),
                      *logit_bias, options.groups);
}

ClipEmbeddings run(ClipModel& model, const Part& part) {
  model->seed_dropout(part.dropout_seed);
  return model->forward(part.images, part.tokens);
}

// Embeddings of the whole batch as leaves: nothing of the model hangs on them.
ClipEmbeddings run_without_graph(ClipModel& model, const std::vector<Part>& parts) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> images;
  std::vector<torch::Tensor> texts;
  for (const Part& part : parts) {
    const ClipEmbeddings embeddings = run(model, part);
    images.push_back(embeddings.image_embeddings);
    texts.push_back(embeddings.text_embeddings);
  }
  return {.image_embeddings = torch::cat(images).requires_grad_(),  // [B, D]
          .text_embeddings = torch::cat(texts).requires_grad_()};
}

torch::Tensor accumulate(ClipModel& model, const std::vector<Part>& parts,
                         const AccumulationOptions& options) {
  const ClipEmbeddings leaves = run_without_graph(model, parts);
  const torch::Tensor loss = loss_of(leaves, model, options);
  loss.backward();
  const auto count = static_cast<int64_t>(parts.size());
  const auto image_gradients =
      leaves.image_embeddings.grad().chunk(count);  // count × [B / count, D]
  const auto text_gradients = leaves.text_embeddings.grad().chunk(count);
  for (size_t m = 0; m < parts.size(); ++m) {
    const ClipEmbeddings embeddings = run(model, parts[m]);
    torch::autograd::backward({embeddings.image_embeddings, embeddings.text_embeddings},
                              {image_gradients[m], text_gradients[m]});
  }
  return loss.detach();
}

}  // namespace

torch::Tensor forward_backward(ClipModel model, const torch::Tensor& images,
                               const TokenBatch& tokens, const AccumulationOptions& options) {
  const std::vector<Part> parts = split(images, tokens, options);
  if (const int64_t slices = step_slices(model, images.size(0), options); slices > 1) {
    return sliced_forward_backward(
        model, images, tokens, slices,
        [&](const ClipEmbeddings& embeddings) { return loss_of(embeddings, model, options); });
  }
  if (parts.size() > 1) return accumulate(model, parts, options);
  const torch::Tensor loss = loss_of(run(model, parts.front()), model, options);
  loss.backward();
  return loss.detach();
}

}  // namespace tandem
