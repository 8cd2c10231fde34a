#include <torch/csrc/autograd/custom_function.h>
#include <torch/utils.h>

#include "loss/global_pairs.h"
#include "loss/pairs.h"
#include "loss/sweeps.h"
#include "tandem/loss/contrastive_loss.h"

namespace tandem {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// How far the log-sum-exps lie above the diagonal, summed.
torch::Tensor excess_of(const kernels::SoftmaxStats& stats, const torch::Tensor& diagonal) {
  return ((stats.max - diagonal) + stats.sum.log()).sum();
}

// The maxima and sums of every row and column of the whole matrix.
struct AllStats {
  kernels::SoftmaxStats rows;
  kernels::SoftmaxStats columns;
};

AllStats exchange_stats(const kernels::SoftmaxStats& rows, const kernels::SoftmaxStats& columns,
                        Communicator& communicator) {
  const torch::Tensor own = torch::stack({rows.max, rows.sum, columns.max, columns.sum}, 1);
  const torch::Tensor all = communicator.all_gather(own).t().contiguous();  // [4, N]
  return {.rows = {.max = all[0], .sum = all[1]}, .columns = {.max = all[2], .sum = all[3]}};
}

// The gradients of the slab of a loss in which each row and column has `weight`.
LogitGradients gradients_of(const LogitMatrix& slab, const AllStats& stats, double weight) {
  const auto weighted = [&](const kernels::SoftmaxStats& of, int64_t first, int64_t count) {
    return kernels::WeightedMax{.max = of.max.narrow(0, first, count),
                                .weight = weight / of.sum.narrow(0, first, count)};
  };
  const int64_t R = slab.image.size(0), C = slab.text.size(0);
  return softmax_gradients(slab, {.rows = weighted(stats.rows, slab.first_row, R),
                                  .columns = weighted(stats.columns, slab.first_column, C),
                                  .diagonal = torch::full({R}, 2 * weight, slab.options())});
}

// This rank's share of the mean excess over all rows and columns. Its gradients with respect to
// the own embeddings are those of the whole loss: that of every other rank's share is in them,
// because the log-sum-exps are known here.
struct ExcessShare : torch::autograd::Function<ExcessShare> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& /*image*/,
                               const torch::Tensor& /*text*/, const torch::Tensor& /*scale*/,
                               const GlobalPairs& pairs, Communicator* communicator) {
    const double weight = 0.5 / static_cast<double>(pairs.count());
    const MatrixStats rows = stats_of(pairs.rows), columns = stats_of(pairs.columns);
    const torch::Tensor share = excess_of(rows.rows, rows.diagonal) +
                                excess_of(columns.columns, pairs.own(columns.diagonal));
    const AllStats all = exchange_stats(rows.rows, columns.columns, *communicator);
    const LogitGradients of_rows = gradients_of(pairs.rows, all, weight);
    const LogitGradients of_columns = gradients_of(pairs.columns, all, weight);
    context->save_for_backward({of_rows.image(), of_columns.text(), of_rows.scale()});
    return weight * share;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    variable_list result = context->get_saved_variables();
    for (torch::Tensor& each : result) each = each * gradients[0];
    result.resize(5);
    return result;
  }
};

// W · x for one part of the target, x being the embeddings [N, D] of all ranks. The weights W of
// the pairs are symmetric: the same for pictures and texts.
class TargetWeights {
 public:
  TargetWeights(const GlobalPairs& pairs, bool positive, double smoothing)
      : count_(static_cast<double>(pairs.count())),
        positive_(positive),
        smoothing_(smoothing),
        device_(pairs.images.device()) {
    if (pairs.groups.defined()) duplicates_.emplace(pairs.groups, device_);
  }

  // What lies on the diagonal so far, less where it is expected.
  [[nodiscard]] torch::Tensor of(const torch::Tensor& x) const {
    const double moved = (positive_ ? 1.0 - smoothing_ : 0.0) + smoothing_;
    torch::Tensor sum = x * (moved / count_);
    if (positive_) sum = sum - (1.0 - smoothing_) * over_duplicates(x);
    if (smoothing_ > 0.0) sum = sum - smoothing_ * evenly(x);
    return sum;
  }

 private:
  [[nodiscard]] torch::Tensor over_duplicates(const torch::Tensor& x) const {
    const torch::Tensor size = duplicates_->count().unsqueeze(1);  // [N, 1]
    return (duplicates_->of(x) / size + duplicates_->of(x / size)) / (2 * count_);
  }
  [[nodiscard]] torch::Tensor evenly(const torch::Tensor& x) const {
    if (positive_ || !duplicates_) return (x.mean(0) / count_).expand_as(x);
    const torch::Tensor left = (count_ + 1.0) - duplicates_->count().unsqueeze(1);  // [N, 1]
    const auto others = [&](const torch::Tensor& y) { return y.sum(0) - duplicates_->of(y) + y; };
    return (others(x) / left + others(x / left)) / (2 * count_);
  }

  double count_;
  bool positive_;
  double smoothing_;
  torch::Device device_;
  std::optional<DuplicateSums> duplicates_;
};

// This rank's share of Σ W_ij · logits_ij, with the gradients of the whole sum with respect to the
// own embeddings.
torch::Tensor weighted_share(const LogitMatrix& local, const GlobalPairs& pairs,
                             const TargetWeights& weights) {
  const auto dtype = local.options().dtype();
  const torch::Tensor texts = pairs.own(weights.of(pairs.texts.to(dtype)));
  const torch::Tensor images = pairs.own(weights.of(pairs.images.to(dtype)));
  const torch::Tensor rows = local.scale * (local.image.to(dtype) * texts).sum();
  const torch::Tensor columns = local.scale.detach() * (local.text.to(dtype) * images).sum();
  return rows + (columns - columns.detach());
}

}  // namespace

torch::Tensor contrastive_loss(const torch::Tensor& image_embeddings,
                               const torch::Tensor& text_embeddings,
                               const torch::Tensor& logit_scale,
                               const ContrastiveLossOptions& options, Communicator& communicator) {
  if (communicator.world_size() == 1)
    return contrastive_loss(image_embeddings, text_embeddings, logit_scale, options);
  const LogitMatrix local = pair_logits(image_embeddings, text_embeddings, logit_scale);
  GlobalPairs pairs = gather_pairs(local, options.groups, communicator);
  const bool positive =
      pairs.groups.defined() && options.groups.duplicates == Duplicates::kPositive;
  if (positive) pairs.rows.groups = pairs.columns.groups = {};
  torch::Tensor share =
      ExcessShare::apply(local.image, local.text, local.scale, pairs, &communicator);
  if (positive || options.label_smoothing > 0.0) {
    const TargetWeights weights(pairs, positive, options.label_smoothing);
    share = share + weighted_share(local, pairs, weights);
  }
  return sum_of_shares(share, communicator);
}

}  // namespace tandem
