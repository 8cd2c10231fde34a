#include <set>

#include <torch/types.h>

#include "data/fixtures.h"
#include "data/stream/sample_order.h"
#include "tandem/data/loader.h"

namespace tandem {
namespace {

using Ids = std::vector<int64_t>;

/// One in thirteen is damaged.
MemorySource damaged_source(int64_t size) {
  MemorySource source(size);
  source.before = [](int64_t index) {
    if (index % 13 == 5) throw Error(ErrorKind::kData, "damaged");
  };
  return source;
}

/// Sample ids of every step, the ranks' parts one behind the other.
std::vector<Ids> steps_of(const Source& source, LoaderOptions options, int64_t world, int count) {
  std::vector<Ids> steps(static_cast<size_t>(count));
  options.world_size = world;
  for (options.rank = 0; options.rank < world; ++options.rank) {
    Loader loader(source, small_tokenizer(), options);
    for (Ids& step : steps) {
      const Batch batch = loader.next();
      EXPECT_EQ(batch.images.size(0), options.batch_size / world);
      step.insert(step.end(), batch.indices.begin(), batch.indices.end());
    }
  }
  return steps;
}

TEST(LoaderRanks, EveryWorldGivesTheSameSteps) {
  const MemorySource source = damaged_source(50);
  const std::vector<Ids> expected = steps_of(source, small_batches(16), 1, 9);
  for (const int64_t world : {2, 4, 8})
    EXPECT_EQ(steps_of(source, small_batches(16), world, 9), expected) << world;
}

TEST(LoaderRanks, StateGoesOnWithAnotherWorld) {
  const MemorySource source = damaged_source(50);
  const std::vector<Ids> expected = steps_of(source, small_batches(16), 1, 8);
  for (size_t stop = 1; stop < 7; ++stop) {
    LoaderOptions options = small_batches(16);
    options.world_size = 4;
    options.rank = 3;
    Loader first(source, small_tokenizer(), options);
    uint64_t position = 0;
    for (size_t i = 0; i < stop; ++i) position = first.next().next_position;
    EXPECT_EQ(position, stop * 16);
    options = small_batches(16);
    options.start_position = position;
    for (const int64_t world : {1, 2}) {
      const std::vector<Ids> rest = steps_of(source, options, world, 1);
      EXPECT_EQ(rest[0], expected[stop]) << "stop at " << stop << ", world " << world;
    }
  }
}

TEST(LoaderRanks, TheSamePixelsAndTextsWhateverTheRank) {
  const MemorySource source = damaged_source(50);
  LoaderOptions options = small_batches(16);
  const Batch whole = Loader(source, small_tokenizer(), options).next();
  options.world_size = 2;
  for (options.rank = 0; options.rank < 2; ++options.rank) {
    const Batch part = Loader(source, small_tokenizer(), options).next();
    const int64_t first = 8 * options.rank;
    EXPECT_TRUE(torch::equal(part.images, whole.images.slice(0, first, first + 8)));
    EXPECT_TRUE(torch::equal(part.tokens.ids, whole.tokens.slice(first, first + 8).ids));
    EXPECT_TRUE(torch::equal(part.image_groups, whole.image_groups.slice(0, first, first + 8)));
  }
}

TEST(LoaderRanks, EachUnusableSampleIsCountedOnceAnEpochOverAllRanks) {
  const MemorySource source = damaged_source(48);  // 4 are damaged
  for (const int64_t world : {1, 2, 4}) {
    uint64_t bad = 0;
    LoaderOptions options = small_batches(16);
    options.world_size = world;
    for (options.rank = 0; options.rank < world; ++options.rank) {
      Loader loader(source, small_tokenizer(), options);
      for (int i = 0; i < 6; ++i) (void)loader.next();  // two epochs
      bad += loader.stats().bad["invalid data"];
    }
    EXPECT_EQ(bad, 8U) << world;
  }
}

TEST(LoaderRanks, AnEpochHasExactlyNSamplesTailsIncluded) {
  const MemorySource source(50);
  const std::vector<Ids> steps = steps_of(source, small_batches(16), 4, 25);  // 8 epochs
  Ids stream;
  for (const Ids& step : steps) stream.insert(stream.end(), step.begin(), step.end());
  for (size_t epoch = 0; epoch < 8; ++epoch) {
    const auto begin = stream.begin() + static_cast<int64_t>(50 * epoch);
    EXPECT_EQ(std::set<int64_t>(begin, begin + 50).size(), 50U) << epoch;
  }
}

TEST(LoaderRanks, EvaluationSharesTheSourceOut) {
  const MemorySource source = damaged_source(23);
  std::set<int64_t> seen;
  LoaderOptions options = small_batches(4);
  options.training = false;
  options.world_size = 3;
  for (options.rank = 0; options.rank < 3; ++options.rank) {
    Loader loader(source, small_tokenizer(), options);
    for (Batch batch = loader.next(); batch.images.size(0) > 0; batch = loader.next())
      for (const int64_t index : batch.indices) EXPECT_TRUE(seen.insert(index).second) << index;
  }
  EXPECT_EQ(seen.size(), 21U);
}

TEST(LoaderRanks, RefusesWhatCannotBeShared) {
  const MemorySource source(50);
  LoaderOptions options = small_batches(10);
  options.world_size = 4;
  expect_error(ErrorKind::kUsage, {.expected = "a multiple of 4 ranks"},
               [&] { Loader(source, small_tokenizer(), options); });
  options = small_batches(10);
  options.rank = 1;
  expect_error(ErrorKind::kUsage, {.where = "rank"},
               [&] { Loader(source, small_tokenizer(), options); });
}

TEST(LoaderGroups, EqualPicturesAndCaptionsHaveEqualNumbers) {
  MemorySource source(12);
  source.captions_of = [](int64_t index) {
    return std::vector<std::string>{index % 3 == 0   ? " red  circle\n"
                                    : index % 3 == 1 ? "red circle"
                                                     : "blue " + std::to_string(index)};
  };
  const Batch batch = Loader(source, small_tokenizer(), small_batches(12)).next();
  EXPECT_EQ(batch.image_groups.dtype(), torch::kInt64);
  std::set<int64_t> texts;
  std::set<int64_t> images;
  for (int64_t i = 0; i < 12; ++i) {
    texts.insert(batch.text_groups[i].item<int64_t>());
    images.insert(batch.image_groups[i].item<int64_t>());
  }
  EXPECT_EQ(texts.size(), 5U);
  EXPECT_EQ(images.size(), 12U);
}

TEST(LoaderGroups, TheSamePictureTwiceIsKnown) {
  const TemporaryFolder folder;
  write_picture(folder / "a.png", 1);
  write_picture(folder / "b.png", 2);
  std::filesystem::copy_file(folder / "a.png", folder / "copy.png");
  write_text(folder / "list.tsv", "filepath\ttitle\na.png\ta\nb.png\tb\ncopy.png\tc\na.png\td\n");
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  LoaderOptions options = small_batches(4);
  options.training = false;
  const Batch batch = Loader(*source, small_tokenizer(), options).next();
  const auto group = [&](int64_t i) { return batch.image_groups[i].item<int64_t>(); };
  EXPECT_EQ(group(0), group(2));
  EXPECT_EQ(group(0), group(3));
  EXPECT_NE(group(0), group(1));
}

/// How often each caption was taken in `batches` batches.
std::map<std::string, int> taken(const Source& source, const LoaderOptions& options, int batches) {
  Loader loader(source, small_tokenizer(), options);
  std::map<std::string, int> counts;
  for (int b = 0; b < batches; ++b) {
    const Batch batch = loader.next();
    for (int64_t i = 0; i < batch.tokens.size(); ++i) {
      const torch::Tensor ids = batch.tokens.slice(i, i + 1).ids;
      const auto* first = ids.data_ptr<int64_t>();
      ++counts[small_tokenizer().decode(std::vector<int32_t>(first, first + ids.size(0)))];
    }
  }
  return counts;
}

TEST(LoaderCaptions, DropsAShareOfThem) {
  const MemorySource source(100);
  LoaderOptions options = small_batches(100);
  options.caption_dropout = 0.25;
  auto counts = taken(source, options, 10);
  EXPECT_NEAR(counts[""], 250, 60);  // 250, deviation 14
  EXPECT_EQ(counts[""] + counts["a red circle"], 1000);
  options.training = false;
  EXPECT_EQ(taken(source, options, 1)["a red circle"], 100);
}

TEST(LoaderCaptions, FollowsTheWeights) {
  const TemporaryFolder folder;
  write_picture(folder / "a.png", 1);
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += R"({"filepath": "a.png", "title": ["red circle", "blue square", "red square"]})"
             "\n";
  write_text(folder / "list.jsonl", lines);
  const auto source = open({.kind = SourceKind::kJsonl,
                            .path = (folder / "list.jsonl").string(),
                            .caption_weights = {6, 0, 2}});
  auto counts = taken(*source, small_batches(100), 8);
  EXPECT_EQ(counts["blue square"], 0);
  EXPECT_NEAR(counts["red circle"], 600, 60);  // 600, deviation 12
  EXPECT_EQ(counts["red circle"] + counts["red square"], 800);
}

}  // namespace
}  // namespace tandem
