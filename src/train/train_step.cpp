#include "tandem/train/train_step.h"

#include <vector>

#include <torch/csrc/autograd/autograd.h>

#include "tandem/core/error.h"
#include "tandem/core/random.h"
#include "tandem/loss/contrastive_loss.h"

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
    parts.push_back({.images = images.slice(0, m * size, (m + 1) * size),
                     .tokens = whole ? tokens : tokens.slice(m * size, (m + 1) * size),
                     .dropout_seed = mix_seed({options.dropout_seed, static_cast<uint64_t>(m)})});
  }
  return parts;
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

torch::Tensor accumulate(ClipModel& model, const std::vector<Part>& parts, double smoothing) {
  const ClipEmbeddings leaves = run_without_graph(model, parts);
  const torch::Tensor loss = contrastive_loss(leaves.image_embeddings, leaves.text_embeddings,
                                              model->logit_scale(), smoothing);
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
  if (parts.size() > 1) return accumulate(model, parts, options.label_smoothing);
  const ClipEmbeddings embeddings = run(model, parts.front());
  const torch::Tensor loss =
      contrastive_loss(embeddings.image_embeddings, embeddings.text_embeddings,
                       model->logit_scale(), options.label_smoothing);
  loss.backward();
  return loss.detach();
}

}  // namespace tandem
