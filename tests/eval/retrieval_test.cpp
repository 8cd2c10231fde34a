#include "tandem/eval/retrieval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "tandem/core/error.h"

namespace tandem {
namespace {

std::vector<int64_t> counting(int64_t count) {
  std::vector<int64_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

/// Unit vectors in the plane at the given angles in degrees, [N, 2].
torch::Tensor at_angles(const std::vector<double>& degrees) {
  const torch::Tensor radians = torch::tensor(degrees, torch::kFloat64) * (M_PI / 180.0);
  return torch::stack({radians.cos(), radians.sin()}, 1).to(torch::kFloat32);
}

TEST(Retrieval, MatchingPairsAreAllFoundFirst) {
  const torch::Tensor pairs = torch::eye(12);
  const RetrievalResult result = score_retrieval({pairs, pairs, counting(12)});
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(result.image_to_text[k], 1.0);
    EXPECT_EQ(result.text_to_image[k], 1.0);
  }
  EXPECT_EQ(result.image_to_text_median_rank, 1.0);
  EXPECT_EQ(result.images, 12);
  EXPECT_EQ(result.texts, 12);
}

TEST(Retrieval, RanksOfPointsOnACircle) {
  // Picture i stands at 10·i degrees; its text is off by 25, so that two or three others are
  // nearer.
  std::vector<double> pictures;
  std::vector<double> texts;
  for (int i = 0; i < 9; ++i) {
    pictures.push_back(10.0 * i);
    texts.push_back(10.0 * i + 24.0);
  }
  const RetrievalResult result =
      score_retrieval({at_angles(pictures), at_angles(texts), counting(9)});
  // Text i at 10i + 24 has pictures i+1 … i+4 nearer than i (distances 14, 4, 6, 16 against 24):
  // rank 5, and less near the right end of the row: i = 5 misses one of them, … i = 8 all four.
  EXPECT_DOUBLE_EQ(result.text_to_image[0], 1.0 / 9.0);
  EXPECT_DOUBLE_EQ(result.text_to_image[1], 1.0);
  EXPECT_DOUBLE_EQ(result.text_to_image_median_rank, 5.0);
  // Picture i at 10i has texts i-1 … i-4 nearer, so the left end has the better ranks.
  EXPECT_DOUBLE_EQ(result.image_to_text[0], 1.0 / 9.0);
  EXPECT_DOUBLE_EQ(result.image_to_text[1], 1.0);
  EXPECT_DOUBLE_EQ(result.image_to_text_median_rank, 5.0);
}

TEST(Retrieval, OneOfSeveralCaptionsIsEnough) {
  // Picture 0 at 0°: one caption beside it, one far away; picture 1 at 90° with one caption at 80°.
  const RetrievalResult result =
      score_retrieval({at_angles({0, 90}), at_angles({1, 89, 80}), {0, 0, 1}});
  EXPECT_EQ(result.image_to_text[0], 0.5);  // picture 1: the stray caption is nearer than its own
  EXPECT_DOUBLE_EQ(result.text_to_image[0], 2.0 / 3.0);
  EXPECT_EQ(result.text_to_image[1], 1.0);
}

TEST(Retrieval, EqualCaptionsCountForEachOther) {
  // Both pictures bear the same caption, so either is right for it.
  const torch::Tensor pictures = at_angles({0, 40, 90});
  const torch::Tensor texts = at_angles({10, 10, 90});
  const RetrievalResult apart = score_retrieval({pictures, texts, {0, 1, 2}});
  EXPECT_DOUBLE_EQ(apart.text_to_image[0], 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(apart.image_to_text[0], 1.0 / 3.0) << "the twin caption ties";
  const RetrievalResult grouped = score_retrieval({pictures, texts, {0, 1, 2}, {7, 7, 3}});
  EXPECT_EQ(grouped.text_to_image[0], 1.0);
  EXPECT_EQ(grouped.image_to_text[0], 1.0);
}

TEST(Retrieval, ACollapsedModelScoresNothing) {
  const torch::Tensor same = torch::ones({20, 4});
  const RetrievalResult result = score_retrieval({same, same, counting(20)});
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(result.image_to_text[k], 0.0);
    EXPECT_EQ(result.text_to_image[k], 0.0);
  }
  EXPECT_EQ(result.text_to_image_median_rank, 20.0);
}

TEST(Retrieval, NotANumberIsAMissEvenWhenKReachesEveryone) {
  torch::Tensor pictures = torch::eye(3);
  pictures[1].fill_(std::numeric_limits<float>::quiet_NaN());
  const RetrievalResult result = score_retrieval({pictures, torch::eye(3), counting(3)});
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_DOUBLE_EQ(result.image_to_text[k], 2.0 / 3.0);
    EXPECT_DOUBLE_EQ(result.text_to_image[k], 2.0 / 3.0);
  }
}

TEST(Retrieval, PicturesWithoutTextAreOnlyThereToBeFound) {
  const RetrievalResult result =
      score_retrieval({at_angles({0, 90, 21}), at_angles({20, 90}), {0, 1}});
  EXPECT_EQ(result.image_to_text[0], 1.0);
  EXPECT_EQ(result.text_to_image[0], 0.5);
}

TEST(Retrieval, ChunksAgreeWithTheWholeMatrix) {
  constexpr int64_t kImages = 2100;
  constexpr int64_t kTexts = 4200;
  torch::Tensor generator_noise = torch::empty({kImages + kTexts, 8});
  generator_noise.normal_(0, 1, at::make_generator<at::CPUGeneratorImpl>(11));
  const torch::Tensor pictures = generator_noise.slice(0, 0, kImages);
  std::vector<int64_t> owners;
  for (int64_t text = 0; text < kTexts; ++text) owners.push_back(text % kImages);
  const torch::Tensor texts =
      pictures.repeat({2, 1}) + generator_noise.slice(0, kImages, kImages + kTexts);
  const RetrievalResult result = score_retrieval({pictures, texts, owners});

  const torch::Tensor scores = texts.matmul(pictures.t());  // [M, N]
  const torch::Tensor own = scores.gather(1, torch::tensor(owners).unsqueeze(1));
  const torch::Tensor text_ranks = scores.ge(own).sum(1);
  const torch::Tensor halves = scores.t().reshape({kImages, 2, kImages});
  const torch::Tensor best = std::get<0>(
      torch::stack({halves.select(1, 0).diagonal(), halves.select(1, 1).diagonal()}).max(0));
  const torch::Tensor image_top =
      std::get<0>(scores.t().max(1)).le(best).to(torch::kFloat64).mean();
  EXPECT_NEAR(result.text_to_image[0], text_ranks.le(1).to(torch::kFloat64).mean().item<double>(),
              1e-3);
  EXPECT_NEAR(result.text_to_image[2], text_ranks.le(10).to(torch::kFloat64).mean().item<double>(),
              1e-3);
  EXPECT_NEAR(result.image_to_text[0], image_top.item<double>(), 1e-3);
  EXPECT_GT(result.text_to_image[2], result.text_to_image[0]);
}

// Adds to the similarity what makes image i belong to text (i + 1) % 4.
torch::Tensor next_text_is_right(const std::vector<int64_t>& images,
                                 const std::vector<int64_t>& texts) {
  std::vector<float> scores;
  for (size_t i = 0; i < images.size(); ++i)
    scores.push_back(texts[i] == (images[i] + 1) % 4 ? 5.0F : 0.0F);
  return torch::tensor(scores);
}

TEST(Reranking, DecidesAmongTheBestOfEachQuery) {
  // All are near each other: similarity finds image i for text i first, the second score the next.
  const torch::Tensor images = at_angles({0, 10, 21, 33});
  const RetrievalSet set{images, images, {3, 0, 1, 2}};
  EXPECT_EQ(score_retrieval(set).text_to_image[0], 0.0);
  const RetrievalResult all = score_retrieval(set, {.depth = 4, .score = next_text_is_right});
  EXPECT_EQ(all.text_to_image[0], 1.0);
  EXPECT_EQ(all.image_to_text[0], 1.0);
  // The second best key is the one on the left, but for the first: text i + 1 finds image i, and
  // only image 0 finds text 1.
  const RetrievalResult some = score_retrieval(set, {.depth = 2, .score = next_text_is_right});
  EXPECT_EQ(some.text_to_image[0], 0.75);
  EXPECT_EQ(some.image_to_text[0], 0.25);
}

TEST(Reranking, KeysBeyondTheDepthStayBehindInTheirOrder) {
  const torch::Tensor images = at_angles({0, 10, 20, 30, 40, 50});
  const RetrievalSet set{images, at_angles({0}), {3}};
  // Its own image is the fourth nearest; the two best ones fall far below its similarity.
  const auto refuse = [](const std::vector<int64_t>& pairs, const std::vector<int64_t>&) {
    return torch::full({static_cast<int64_t>(pairs.size())}, -50.0);
  };
  const RetrievalResult result = score_retrieval(set, {.depth = 2, .score = refuse});
  EXPECT_EQ(result.text_to_image_median_rank, 4.0);
}

TEST(Reranking, AsksForEachPairOnceAndSharesItAmongEqualCaptions) {
  const torch::Tensor images = torch::eye(3);
  const RetrievalSet set{
      images, images.index_select(0, torch::tensor({0, 0, 1, 2})), {0, 1, 1, 2}, {7, 7, 4, 9}};
  std::vector<std::pair<int64_t, int64_t>> asked;
  const auto record = [&](const std::vector<int64_t>& of_images,
                          const std::vector<int64_t>& texts) {
    for (size_t i = 0; i < texts.size(); ++i) asked.emplace_back(of_images[i], texts[i]);
    return torch::zeros({static_cast<int64_t>(texts.size())});
  };
  const RetrievalResult result = score_retrieval(set, {.depth = 9, .score = record});
  const std::vector<std::pair<int64_t, int64_t>> expected = {{0, 0}, {0, 2}, {0, 3}, {1, 0}, {1, 2},
                                                             {1, 3}, {2, 0}, {2, 2}, {2, 3}};
  EXPECT_EQ(asked, expected) << "text 1 is text 0";
  const RetrievalResult plain = score_retrieval(set);
  EXPECT_EQ(result.image_to_text[0], plain.image_to_text[0]);
  EXPECT_EQ(result.text_to_image[0], plain.text_to_image[0]);
}

TEST(Retrieval, RefusesWhatDoesNotFit) {
  const torch::Tensor pairs = torch::eye(3);
  EXPECT_THROW((void)score_retrieval({pairs, torch::ones({3, 4}), counting(3)}), Error);
  EXPECT_THROW((void)score_retrieval({pairs, pairs, counting(2)}), Error);
  EXPECT_THROW((void)score_retrieval({pairs, pairs, {0, 1, 3}}), Error);
  EXPECT_THROW((void)score_retrieval({pairs, pairs, counting(3), {0, 1}}), Error);
  EXPECT_THROW((void)score_retrieval({torch::empty({0, 3}), torch::empty({0, 3}), {}}), Error);
}

}  // namespace
}  // namespace tandem
