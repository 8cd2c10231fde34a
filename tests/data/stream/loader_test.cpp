#include "tandem/data/loader.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <thread>

#include <torch/types.h>

#include "data/fixtures.h"
#include "tandem/core/random.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

std::vector<Batch> take(const Source& source, const LoaderOptions& options, int count) {
  Loader loader(source, small_tokenizer(), options);
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) batches.push_back(loader.next());
  return batches;
}

/// Pixels of every sample in the batches, by index.
std::map<int64_t, torch::Tensor> pixels_by_index(const std::vector<Batch>& batches) {
  std::map<int64_t, torch::Tensor> pixels;
  for (const Batch& batch : batches)
    for (size_t i = 0; i < batch.indices.size(); ++i)
      pixels[batch.indices[i]] = batch.images[static_cast<int64_t>(i)];
  return pixels;
}

TEST(Loader, FillsEveryPartOfABatch) {
  const auto source = open({.kind = SourceKind::kShapes, .shapes = {.count = 40}});
  const Batch batch = take(*source, small_batches(12), 1)[0];
  EXPECT_EQ(batch.images.sizes(), (std::vector<int64_t>{12, 3, 16, 16}));
  EXPECT_EQ(batch.images.dtype(), torch::kUInt8);
  EXPECT_TRUE(batch.images.is_contiguous());
  EXPECT_EQ(batch.tokens.size(), 12);
  EXPECT_EQ(batch.next_position, 12U);
  ASSERT_EQ(batch.keys.size(), 12U);
  const Permutation order(40, mix_seed({7, 0}));
  for (uint64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(batch.indices[i], static_cast<int64_t>(order(i)));
    EXPECT_EQ(batch.keys[i], source->key(batch.indices[i]));
  }
}

TEST(Loader, PairsEachPictureWithItsOwnCaption) {
  const auto source = open({.kind = SourceKind::kShapes, .shapes = {.count = 40}});
  LoaderOptions options = small_batches(20, 4);
  options.augment = {.crop_scale_min = 1, .crop_ratio_max = 1};
  const Batch batch = take(*source, options, 1)[0];
  const auto* bound = batch.tokens.cu_seqlens.data_ptr<int32_t>();
  const auto* ids = batch.tokens.ids.data_ptr<int64_t>();
  for (size_t i = 0; i < 20; ++i) {
    const auto index = static_cast<uint64_t>(batch.indices[i]);
    const RawSample raw = source->sample(batch.indices[i], mix_seed({7, 0, index}));
    const Encoding expected = small_tokenizer().encode(raw.captions[0], 32);
    EXPECT_EQ(std::vector<int32_t>(ids + bound[i], ids + bound[i + 1]), expected.ids);
    std::vector<uint8_t> planar(3 * 16 * 16);
    write_planar(raw.image, planar.data());
    const torch::Tensor picture = batch.images[static_cast<int64_t>(i)].contiguous();
    EXPECT_TRUE(std::equal(planar.begin(), planar.end(), picture.data_ptr<uint8_t>()));
  }
}

TEST(Loader, GivesTheSameBatchesForAnyThreadCount) {
  MemorySource source(50);
  source.before = [](int64_t index) {
    if (index % 13 == 5) throw Error(ErrorKind::kData, "damaged");
  };
  const std::vector<Batch> expected = take(source, small_batches(16, 1), 12);
  for (const int64_t threads : {2, 4, 8}) {
    const std::vector<Batch> batches = take(source, small_batches(16, threads), 12);
    for (size_t i = 0; i < batches.size(); ++i)
      EXPECT_TRUE(same(batches[i], expected[i])) << threads << " threads, batch " << i;
  }
}

TEST(Loader, ResumesAtAnyBatch) {
  MemorySource source(50);
  source.before = [](int64_t index) {
    if (index % 13 == 5) throw Error(ErrorKind::kData, "damaged");
  };
  const std::vector<Batch> expected = take(source, small_batches(16), 9);
  for (size_t start = 0; start + 1 < expected.size(); ++start) {
    LoaderOptions options = small_batches(16, 3);
    options.start_position = expected[start].next_position;
    const std::vector<Batch> rest = take(source, options, 2);
    EXPECT_TRUE(same(rest[0], expected[start + 1])) << start;
    EXPECT_TRUE(start + 2 == expected.size() || same(rest[1], expected[start + 2])) << start;
  }
}

TEST(Loader, VisitsEverySampleOncePerEpochInAnotherOrder) {
  const MemorySource source(60);
  std::vector<std::vector<int64_t>> orders;
  const std::vector<Batch> batches = take(source, small_batches(20), 9);
  for (size_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<int64_t> order;
    for (size_t i = 0; i < 3; ++i)
      for (const int64_t index : batches[3 * epoch + i].indices) order.push_back(index);
    EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 60U);
    orders.push_back(order);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_NE(orders[1], orders[2]);
}

TEST(Loader, DrawsAnewInEveryEpochAndForEverySeed) {
  const MemorySource source(20);
  const std::vector<Batch> batches = take(source, small_batches(20), 2);
  LoaderOptions other = small_batches(20);
  other.seed = 8;
  const auto first = pixels_by_index({batches[0]});
  const auto second = pixels_by_index({batches[1]});
  const auto reseeded = pixels_by_index(take(source, other, 1));
  for (int64_t index = 0; index < 20; ++index) {
    EXPECT_FALSE(torch::equal(first.at(index), second.at(index))) << index;
    EXPECT_FALSE(torch::equal(first.at(index), reseeded.at(index))) << index;
  }
}

TEST(Loader, AugmentsByASeedOfEpochAndIndex) {
  MemorySource source(20);
  LoaderOptions options = small_batches(20);
  options.augment.crop_scale_min = 0.3;
  const Batch batch = take(source, options, 1)[0];
  for (size_t i = 0; i < 20; ++i) {
    const uint64_t seed = mix_seed({7, 0, static_cast<uint64_t>(batch.indices[i])});
    const Image expected =
        training_transform(source.sample(batch.indices[i], seed).image, 16, options.transform,
                           options.augment, mix_seed({seed, 2}));
    std::vector<uint8_t> planar(3 * 16 * 16);
    write_planar(expected, planar.data());
    const torch::Tensor picture = batch.images[static_cast<int64_t>(i)].contiguous();
    EXPECT_TRUE(std::equal(planar.begin(), planar.end(), picture.data_ptr<uint8_t>())) << i;
  }
}

TEST(Loader, BadSamplesDoNotChangeTheOthers) {
  const MemorySource whole(40);
  MemorySource damaged(40);
  damaged.before = [](int64_t index) {
    if (index % 9 == 2) throw Error(ErrorKind::kData, "damaged");
  };
  const auto expected = pixels_by_index(take(whole, small_batches(20), 2));
  const std::vector<Batch> batches = take(damaged, small_batches(20), 2);  // one epoch
  const auto found = pixels_by_index(batches);
  ASSERT_EQ(found.size(), 35U);  // every usable one, some twice
  const Permutation order(40, mix_seed({7, 0}));
  for (uint64_t p = 0; p < 40; ++p) {
    const auto own = static_cast<int64_t>(order(p));
    const bool usable = own % 9 != 2;
    EXPECT_EQ(batches[p / 20].indices[p % 20] == own, usable) << p;
  }
  for (const auto& [index, pixels] : found) {
    EXPECT_NE(index % 9, 2);
    EXPECT_TRUE(torch::equal(pixels, expected.at(index))) << index;
  }
}

TEST(Loader, EvaluatesInSourceOrderAndEnds) {
  MemorySource source(23);
  source.before = [](int64_t index) {
    if (index == 4) throw Error(ErrorKind::kData, "damaged");
  };
  LoaderOptions options = small_batches(10);
  options.training = false;
  Loader loader(source, small_tokenizer(), options);
  std::vector<int64_t> indices;
  for (const int64_t expected : {10, 10, 2, 0, 0}) {
    const Batch batch = loader.next();
    EXPECT_EQ(batch.images.size(0), expected);
    EXPECT_EQ(batch.tokens.size(), expected);
    indices.insert(indices.end(), batch.indices.begin(), batch.indices.end());
  }
  std::vector<int64_t> all(23);
  std::iota(all.begin(), all.end(), 0);
  all.erase(all.begin() + 4);
  EXPECT_EQ(indices, all);
  EXPECT_EQ(loader.stats().good, 22U);
}

TEST(Loader, ChoosesAmongSeveralCaptions) {
  MemorySource source(30);
  source.captions_of = [](int64_t) {
    return std::vector<std::string>{"red circle", "", "blue square"};
  };
  std::map<std::string, int> counts;
  for (const Batch& batch : take(source, small_batches(30), 4))
    for (int64_t i = 0; i < 30; ++i) {
      const TokenBatch one = batch.tokens.slice(i, i + 1);
      const auto* ids = one.ids.data_ptr<int64_t>();
      ++counts[small_tokenizer().decode(std::vector<int32_t>(ids, ids + one.ids.size(0)))];
    }
  EXPECT_EQ(counts.size(), 2U);
  EXPECT_GT(counts["red circle"], 20);
  EXPECT_GT(counts["blue square"], 20);

  LoaderOptions evaluation = small_batches(30);
  evaluation.training = false;
  const Batch batch = take(source, evaluation, 1)[0];
  const std::vector<int32_t> first = small_tokenizer().encode("red circle", 32).ids;
  EXPECT_EQ(batch.tokens.ids.size(0), static_cast<int64_t>(30 * first.size()));
}

TEST(Loader, CountsWhatItMet) {
  MemorySource source(10);
  source.captions_of = [](int64_t index) {
    return std::vector<std::string>{index == 3 ? "a red circle and a blue square and a green star"
                                               : "red circle"};
  };
  LoaderOptions options = small_batches(10);
  options.context_length = 8;
  Loader loader(source, small_tokenizer(), options);
  (void)loader.next();
  const LoaderStats stats = loader.stats();
  EXPECT_EQ(stats.good, 10U);
  EXPECT_EQ(stats.truncated_captions, 1U);
  EXPECT_EQ(stats.unknown_pieces, 0U);
  EXPECT_GT(stats.pieces, 20U);
  EXPECT_TRUE(stats.bad.empty());
}

TEST(Loader, CountsTheTimeThatItWaits) {
  MemorySource source(10);
  source.captions_of = [](int64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::vector<std::string>{"red circle"};
  };
  LoaderOptions options = small_batches(10);
  options.threads = 1;
  Loader loader(source, small_tokenizer(), options);
  (void)loader.next();
  EXPECT_GT(loader.stats().wait_seconds, 0.15);  // Ten samples of 20 ms, nearly all of it awaited.
}

}  // namespace
}  // namespace tandem
