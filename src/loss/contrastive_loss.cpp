#include "tandem/loss/contrastive_loss.h"

#include "loss/excess.h"
#include "loss/pairs.h"

namespace tandem {
namespace {

// Row by row, scale · Σ a · b.
torch::Tensor dots(const LogitMatrix& logits, const torch::Tensor& a, const torch::Tensor& b) {
  return logits.scale * (a * b).sum(1);  // [N]
}

// The mean over rows and columns of what each expects of its logits under an even target: over all
// pairs, or over those that masking leaves.
torch::Tensor even_target(const LogitMatrix& logits, const kernels::GroupIds& masked) {
  const torch::Tensor& image = logits.image;
  const torch::Tensor& text = logits.text;
  const auto N = static_cast<double>(image.size(0));
  if (!masked.defined()) return logits.scale * image.mean(0).dot(text.mean(0));
  const DuplicateSums duplicates(masked, image.device());
  const torch::Tensor left = (N + 1.0) - duplicates.count();  // [N]
  const torch::Tensor others = image.sum(0) - duplicates.of(image) + image;
  const torch::Tensor other_texts = text.sum(0) - duplicates.of(text) + text;
  return ((dots(logits, image, other_texts) + dots(logits, others, text)) / left).mean() / 2;
}

// The same under a target that is even over a pair's duplicates and itself.
torch::Tensor duplicate_target(const LogitMatrix& logits, const kernels::GroupIds& groups) {
  const DuplicateSums duplicates(groups, logits.image.device());
  const torch::Tensor rows = dots(logits, logits.image, duplicates.of(logits.text));
  const torch::Tensor columns = dots(logits, duplicates.of(logits.image), logits.text);
  return ((rows + columns) / duplicates.count()).mean() / 2;
}

}  // namespace

torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                               const torch::Tensor& text_embeddings,
                               const torch::Tensor& logit_scale,
                               const ContrastiveLossOptions& options) {
  LogitMatrix logits = pair_logits(image_embeddings, text_embeddings, logit_scale);
  const auto groups = pair_groups(options.groups, logits.image.size(0));
  const bool positive = groups.defined() && options.groups.duplicates == Duplicates::kPositive;
  const kernels::GroupIds masked = positive ? kernels::GroupIds{} : groups;

  logits.groups = masked.to(logits.image.device());
  const Excess excess = excess_over_diagonal(logits);
  torch::Tensor loss = (excess.rows.mean() + excess.columns.mean()) / 2;
  // So far the whole target lies on the diagonal; what is expected elsewhere moves from there.
  const double smoothing = options.label_smoothing;
  if (smoothing == 0.0 && !positive) return loss;
  logits.image = logits.image.to(logits.options().dtype());
  logits.text = logits.text.to(logits.options().dtype());
  const torch::Tensor diagonal = dots(logits, logits.image, logits.text).mean();
  if (positive) loss = loss + (1.0 - smoothing) * (diagonal - duplicate_target(logits, groups));
  if (smoothing > 0.0) loss = loss + smoothing * (diagonal - even_target(logits, masked));
  return loss;
}

torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                               const torch::Tensor& text_embeddings,
                               const torch::Tensor& logit_scale, double label_smoothing) {
  return contrastive_loss(image_embeddings, text_embeddings, logit_scale,
                          ContrastiveLossOptions{.label_smoothing = label_smoothing});
}

}  // namespace tandem
