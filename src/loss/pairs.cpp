#include "loss/pairs.h"

#include <tuple>

#include <ATen/ops/_unique.h>

#include "loss/products.h"

namespace tandem {
namespace {

torch::Tensor checked_group(const torch::Tensor& group, int64_t count,
                            const torch::Device& device) {
  if (!group.defined()) {
    return torch::arange(count, torch::dtype(torch::kInt64).device(device));
  }
  TORCH_CHECK(group.dim() == 1 && group.size(0) == count && group.scalar_type() == torch::kInt64,
              "expected groups int64 [", count, "], got ", group.scalar_type(), " ", group.sizes());
  return group.to(device).contiguous();
}

// The groups numbered 0, 1, … without gaps.
torch::Tensor dense(const torch::Tensor& group) {
  return std::get<1>(at::_unique(group, /*sorted=*/true, /*return_inverse=*/true));
}

// For each row the sum over the rows of its group.
torch::Tensor group_sum(const torch::Tensor& x, const torch::Tensor& group) {
  return torch::zeros_like(x).index_add(0, group, x).index_select(0, group);
}

}  // namespace

LogitMatrix pair_logits(const torch::Tensor& image_embeddings, const torch::Tensor& text_embeddings,
                        const torch::Tensor& logit_scale) {
  TORCH_CHECK(image_embeddings.dim() == 2 && image_embeddings.sizes() == text_embeddings.sizes() &&
                  image_embeddings.size(0) > 0,
              "expected two [N, D] tensors, got ", image_embeddings.sizes(), " and ",
              text_embeddings.sizes());
  const bool in_bf16 = image_embeddings.scalar_type() == torch::kBFloat16 &&
                       text_embeddings.scalar_type() == torch::kBFloat16 &&
                       multiplies_bf16(image_embeddings.device());
  const bool in_fp64 = image_embeddings.scalar_type() == torch::kFloat64 &&
                       text_embeddings.scalar_type() == torch::kFloat64;
  const auto wide = in_fp64 ? torch::kFloat64 : torch::kFloat32;
  const auto dtype = in_bf16 ? torch::kBFloat16 : wide;
  return {.image = image_embeddings.to(dtype).contiguous(),
          .text = text_embeddings.to(dtype).contiguous(),
          .scale = logit_scale.to(wide).exp().reshape({}),
          .tile = TileShape::for_device(image_embeddings.device())};
}

kernels::GroupIds pair_groups(const PairGroups& groups, int64_t count) {
  const torch::Tensor& known =
      groups.image_groups.defined() ? groups.image_groups : groups.text_groups;
  if (groups.duplicates == Duplicates::kKeep || !known.defined()) return {};
  return {.image = checked_group(groups.image_groups, count, known.device()),
          .text = checked_group(groups.text_groups, count, known.device())};
}

DuplicateSums::DuplicateSums(const kernels::GroupIds& groups, const torch::Device& device) {
  const torch::Tensor image = dense(groups.image), text = dense(groups.text);
  image_ = image.to(device, /*non_blocking=*/true);
  text_ = text.to(device, /*non_blocking=*/true);
  both_ = dense(image * text.size(0) + text).to(device, /*non_blocking=*/true);
  count_ = of(torch::ones({text_.size(0), 1}, text_.options().dtype(torch::kFloat32))).squeeze(1);
}

// Duplicates of either kind, those of both kinds counted once.
torch::Tensor DuplicateSums::of(const torch::Tensor& x) const {
  return group_sum(x, image_) + group_sum(x, text_) - group_sum(x, both_);
}

}  // namespace tandem
