#include "loss/global_pairs.h"

#include "loss/pairs.h"

namespace tandem {

GlobalPairs gather_pairs(const LogitMatrix& local, const PairGroups& groups,
                         Communicator& communicator) {
  const torch::Tensor image = local.image.detach(), text = local.text.detach();
  GlobalPairs pairs{.images = communicator.all_gather(image),
                    .texts = communicator.all_gather(text),
                    .groups = {},
                    .rows = local,
                    .columns = local,
                    .first = communicator.rank() * image.size(0)};
  pairs.groups = pair_groups(groups, pairs.count());
  LogitMatrix all = local;
  all.scale = local.scale.detach();
  if (local.bias.defined()) all.bias = local.bias.detach();
  all.groups = pairs.groups.to(image.device());
  pairs.rows = pairs.columns = all;
  pairs.rows.image = image;
  pairs.rows.text = pairs.texts;
  pairs.rows.first_row = pairs.first;
  pairs.columns.image = pairs.images;
  pairs.columns.text = text;
  pairs.columns.first_column = pairs.first;
  return pairs;
}

torch::Tensor sum_of_shares(const torch::Tensor& share, Communicator& communicator) {
  const torch::Tensor sum = share.detach().clone();
  communicator.all_reduce(sum);
  return share.requires_grad() ? sum + (share - share.detach()) : sum;
}

}  // namespace tandem
