#include "tandem/eval/retrieval.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "eval/rescored_pairs.h"
#include "eval/score_chunks.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr int64_t kDepths[] = {1, 5, 10};

/// Sets row[key] for every true partner of `query`.
using MarkPartners = std::function<void(int64_t query, bool* row)>;

/// Who belongs to whom, by way of caption groups.
struct Partners {
  std::vector<int64_t> group_of_text;
  std::vector<std::vector<int64_t>> texts_of_group;
  std::vector<std::vector<int64_t>> images_of_group;
  std::vector<std::vector<int64_t>> groups_of_image;
};

void check_input(const RetrievalSet& set) {
  const torch::Tensor &images = set.image_embeddings, &texts = set.text_embeddings;
  const bool fits = images.dim() == 2 && texts.dim() == 2 && images.size(1) == texts.size(1) &&
                    images.size(0) > 0 && texts.size(0) > 0;
  if (!fits) {
    throw Error(ErrorKind::kUsage,
                {.what = "shapes do not fit",
                 .expected = "images [N, D] and texts [M, D], at least one each",
                 .found = fmt::format("[{}] and [{}]", fmt::join(images.sizes(), ", "),
                                      fmt::join(texts.sizes(), ", "))});
  }
  const auto count = static_cast<size_t>(texts.size(0));
  if (set.text_owner.size() != count ||
      (!set.text_group.empty() && set.text_group.size() != count)) {
    throw Error(ErrorKind::kUsage,
                {.what = "each text needs one image, and one group if there are groups",
                 .expected = fmt::format("{} entries", count),
                 .found = fmt::format("{} owners, {} groups", set.text_owner.size(),
                                      set.text_group.size())});
  }
  for (const int64_t owner : set.text_owner) {
    if (owner >= 0 && owner < images.size(0)) continue;
    throw Error(ErrorKind::kUsage, {.what = "a text names an image that does not exist",
                                    .expected = fmt::format("0 to {}", images.size(0) - 1),
                                    .found = std::to_string(owner)});
  }
}

Partners find_partners(int64_t images, const std::vector<int64_t>& owners,
                       const std::vector<int64_t>& groups) {
  Partners partners;
  partners.groups_of_image.resize(static_cast<size_t>(images));
  std::map<int64_t, int64_t> dense;
  for (size_t text = 0; text < owners.size(); ++text) {
    const int64_t name = groups.empty() ? static_cast<int64_t>(text) : groups[text];
    const auto [entry, fresh] = dense.try_emplace(name, static_cast<int64_t>(dense.size()));
    const auto group = static_cast<size_t>(entry->second);
    if (fresh) {
      partners.texts_of_group.emplace_back();
      partners.images_of_group.emplace_back();
    }
    partners.group_of_text.push_back(entry->second);
    partners.texts_of_group[group].push_back(static_cast<int64_t>(text));
    partners.images_of_group[group].push_back(owners[text]);
    partners.groups_of_image[static_cast<size_t>(owners[text])].push_back(entry->second);
  }
  return partners;
}

/// Changes the scores [n, K] of the queries from `first` on.
using Rescore = std::function<void(int64_t first, torch::Tensor& scores)>;

/// How the keys of each query are ranked.
struct Ranking {
  MarkPartners mark;
  Rescore rescore = {};  ///< Empty where the similarity decides alone.
};

/// Returns each query's rank, 1 at best; keys + 1 where no true partner has a number for a score.
std::vector<int64_t> best_ranks(const torch::Tensor& queries, const torch::Tensor& keys,
                                const Ranking& ranking) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  const int64_t key_count = keys.size(0);
  std::vector<int64_t> ranks;
  for_each_scores(queries, keys, [&](int64_t first, torch::Tensor scores) {
    torch::Tensor partner = torch::zeros({scores.size(0), key_count}, torch::kBool);
    for (int64_t i = 0; i < scores.size(0); ++i)
      ranking.mark(first + i, partner.data_ptr<bool>() + i * key_count);
    if (ranking.rescore) ranking.rescore(first, scores);
    const torch::Tensor best =
        scores.masked_fill(partner.logical_not().logical_or(scores.isnan()), kLowest)
            .amax(1, true);  // [n, 1]
    const torch::Tensor ahead = scores.ge(best).logical_and(partner.logical_not()).sum(1);  // [n]
    const torch::Tensor rank = (ahead + 1).masked_fill(best.squeeze(1).eq(kLowest), key_count + 1);
    ranks.insert(ranks.end(), rank.data_ptr<int64_t>(), rank.data_ptr<int64_t>() + rank.numel());
  });
  return ranks;
}

/// Fills the three recalls and returns the median rank.
double summarize(std::vector<int64_t> ranks, int64_t key_count, double (&recall)[3]) {
  const auto total = static_cast<double>(ranks.size());
  for (size_t k = 0; k < 3; ++k) {
    const int64_t depth = std::min(kDepths[k], key_count);
    const auto hits =
        std::count_if(ranks.begin(), ranks.end(), [&](int64_t rank) { return rank <= depth; });
    recall[k] = static_cast<double>(hits) / total;
  }
  std::sort(ranks.begin(), ranks.end());
  const size_t middle = ranks.size() / 2;
  if (ranks.size() % 2 == 1) return static_cast<double>(ranks[middle]);
  return static_cast<double>(ranks[middle - 1] + ranks[middle]) / 2.0;
}

}  // namespace

RetrievalResult score_retrieval(const RetrievalSet& set, const Reranking& reranking) {
  check_input(set);
  const torch::NoGradGuard no_gradient;
  RetrievalResult result;
  result.images = set.image_embeddings.size(0);
  result.texts = set.text_embeddings.size(0);
  const Partners partners = find_partners(result.images, set.text_owner, set.text_group);
  Ranking of_texts{.mark = [&](int64_t text, bool* row) {
    const auto group = static_cast<size_t>(partners.group_of_text[static_cast<size_t>(text)]);
    for (const int64_t image : partners.images_of_group[group]) row[image] = true;
  }};
  Ranking of_images{.mark = [&](int64_t image, bool* row) {
    for (const int64_t group : partners.groups_of_image[static_cast<size_t>(image)])
      for (const int64_t text : partners.texts_of_group[static_cast<size_t>(group)])
        row[text] = true;
  }};
  std::optional<RescoredPairs> rescored;
  if (reranking.depth > 0) {
    rescored.emplace(set, partners.group_of_text, reranking);
    of_texts.rescore = [&](int64_t first, torch::Tensor& scores) {
      rescored->rescore_texts(first, scores);
    };
    of_images.rescore = [&](int64_t first, torch::Tensor& scores) {
      rescored->rescore_images(first, scores);
    };
  }
  const auto text_ranks = best_ranks(set.text_embeddings, set.image_embeddings, of_texts);
  const auto all_image_ranks = best_ranks(set.image_embeddings, set.text_embeddings, of_images);
  std::vector<int64_t> image_ranks;
  for (size_t image = 0; image < all_image_ranks.size(); ++image)
    if (!partners.groups_of_image[image].empty()) image_ranks.push_back(all_image_ranks[image]);

  result.image_to_text_median_rank = summarize(image_ranks, result.texts, result.image_to_text);
  result.text_to_image_median_rank = summarize(text_ranks, result.images, result.text_to_image);
  return result;
}

}  // namespace tandem
