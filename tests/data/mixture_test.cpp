#include "data/mixture.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "data/stream/sample_order.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

/// A mixture of drawn sources with these sizes and weights.
std::unique_ptr<Source> mix(const TemporaryFolder& folder, const std::string& entries,
                            int64_t samples_per_epoch = 0) {
  std::string text = "{\"sources\": [" + entries + "]";
  if (samples_per_epoch > 0)
    text += ", \"samples_per_epoch\": " + std::to_string(samples_per_epoch);
  write_text(folder / "mix.json", text + "}");
  return open({.kind = SourceKind::kMixture, .path = (folder / "mix.json").string()});
}

std::string shapes(int count, const std::string& weight, const char* split = "all") {
  return R"({"weight": )" + weight + R"(, "source": {"kind": "shapes", "shapes": {"count": )" +
         std::to_string(count) + R"(, "split": ")" + split + R"("}}})";
}

std::vector<int64_t> epoch_of(const Source& source, uint64_t epoch, bool with_replacement = false) {
  const SampleOrder order(source, {.with_replacement = with_replacement, .seed = 5});
  std::vector<int64_t> indices;
  const uint64_t size = order.epoch_size();
  for (uint64_t p = epoch * size; p < (epoch + 1) * size; ++p) indices.push_back(order.at(p).index);
  return indices;
}

TEST(ShareOut, GivesWholeNumbersThatSumUp) {
  EXPECT_EQ(share_out(10, {1, 1, 1}), (std::vector<int64_t>{4, 3, 3}));
  EXPECT_EQ(share_out(10, {3, 1}), (std::vector<int64_t>{8, 2}));
  EXPECT_EQ(share_out(7, {0.5, 0.25, 0.25}), (std::vector<int64_t>{3, 2, 2}));
  EXPECT_EQ(share_out(2, {1, 1, 1}), (std::vector<int64_t>{1, 1, 0}));
  EXPECT_EQ(share_out(1'000'000'007, {1e-12, 1}), (std::vector<int64_t>{0, 1'000'000'007}));
}

TEST(Mixture, VisitsEachSourceAsOftenAsItsWeightSays) {
  const TemporaryFolder folder;
  const auto source = mix(folder, shapes(40, "1") + "," + shapes(20, "3"), 100);
  EXPECT_EQ(source->size(), 60);
  EXPECT_EQ(source->epoch_size(), 100);
  std::vector<int> visits(60);
  for (uint64_t epoch = 0; epoch < 8; ++epoch) {
    const std::vector<int64_t> indices = epoch_of(*source, epoch);
    ASSERT_EQ(indices.size(), 100U);
    EXPECT_EQ(std::count_if(indices.begin(), indices.end(), [](int64_t i) { return i < 40; }), 25);
    for (const int64_t index : indices) ++visits[static_cast<size_t>(index)];
  }
  for (size_t i = 0; i < 60; ++i) EXPECT_EQ(visits[i], i < 40 ? 5 : 30) << i;
}

TEST(Mixture, TakesTheSumOfSizesAndEqualWeightsByDefault) {
  const TemporaryFolder folder;
  const auto source =
      mix(folder, R"({"source": {"kind": "shapes", "shapes": {"count": 30}}},)" + shapes(10, "1"));
  EXPECT_EQ(source->epoch_size(), 40);
  const std::vector<int64_t> indices = epoch_of(*source, 0);
  EXPECT_EQ(std::count_if(indices.begin(), indices.end(), [](int64_t i) { return i < 30; }), 20);
}

TEST(Mixture, GivesTheSamplesOfItsSources) {
  const TemporaryFolder folder;
  write_picture(folder / "a.png", 1);
  write_text(folder / "list.tsv", "filepath\ttitle\na.png\ta picture\n");
  const auto source =
      mix(folder, shapes(4, "1") + R"(,{"source": {"kind": "table", "path": "list.tsv"}})");
  ASSERT_EQ(source->size(), 5);
  EXPECT_EQ(source->key(3), "shapes/3");
  EXPECT_EQ(source->captions(4), (std::vector<std::string>{"a picture"}));
  EXPECT_EQ(source->picture_file(4, 0), read_file(folder / "a.png"));
  EXPECT_TRUE(source->class_names().empty());
  EXPECT_EQ(source->sample(3, 0).class_index, -1);
  EXPECT_EQ(mix(folder, shapes(4, "1") + "," + shapes(4, "1"))->class_names().size(), 64U);
}

TEST(Mixture, DrawsRepeatsAnewWithinAnEpoch) {
  const TemporaryFolder folder;
  const auto source = mix(folder, shapes(2, "1"), 20);
  const SampleOrder order(*source, {.seed = 5});
  std::set<uint64_t> seeds;
  for (uint64_t p = 0; p < 20; ++p) seeds.insert(order.at(p).seed);
  EXPECT_EQ(seeds.size(), 20U);
}

TEST(Mixture, NamesMistakes) {
  const TemporaryFolder folder;
  const auto refuses = [&](ErrorKind kind, const ErrorParts& parts, const std::string& content) {
    write_text(folder / "mix.json", content);
    expect_error(kind, parts, [&] { (void)read_mixture(folder / "mix.json"); });
  };
  refuses(ErrorKind::kConfig, {.where = "mix.json, line 1, column 2"}, "{");
  refuses(ErrorKind::kConfig, {.what = "nested deeper"}, std::string(200000, '['));
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += R"({"shapes": )";
  deep += R"({"kind": "shapes"})" + std::string(100000, '}');
  refuses(ErrorKind::kConfig, {.what = "deep"}, R"({"sources": [{"source": )" + deep + "}]}");
  refuses(ErrorKind::kConfig, {.what = R"(the key "weight" appears twice in one object)"},
          R"({"sources": [{"weight": 1, "weight": 2, "source": {"kind": "shapes"}}]})");
  refuses(ErrorKind::kData, {.found = "an infinite number"}, R"({"samples_per_epoch": 1e999})");
  refuses(ErrorKind::kConfig, {.expected = R"(list "sources")"}, "[]");
  refuses(ErrorKind::kConfig, {.what = "no sources"}, R"({"sources": []})");
  refuses(ErrorKind::kConfig, {.what = R"(unknown key "weigth")"},
          R"({"sources": [{"weigth": 1, "source": {"kind": "shapes"}}]})");
  refuses(ErrorKind::kConfig, {.where = "sources[0].weight"},
          R"({"sources": [{"weight": -1, "source": {"kind": "shapes"}}]})");
  refuses(ErrorKind::kConfig, {.expected = "at most 1e100"},
          R"({"sources": [{"weight": 1e308, "source": {"kind": "shapes"}}]})");
  refuses(ErrorKind::kConfig, {.what = "sources[0].source"},
          R"({"sources": [{"source": {"kind": "table", "path": "a", "sep": ","}}]})");
  refuses(ErrorKind::kConfig, {.where = "samples_per_epoch"},
          R"({"samples_per_epoch": 0, "sources": [{"source": {"kind": "shapes"}}]})");
  refuses(
      ErrorKind::kConfig, {.expected = "from 1 to 10^12"},
      R"({"samples_per_epoch": 9223372036854775807, "sources": [{"source": {"kind": "shapes"}}]})");
  expect_error(ErrorKind::kConfig, {.what = "a mixture within a mixture"}, [&] {
    (void)mix(folder, R"({"source": {"kind": "mixture", "path": "mix.json"}})");
  });
}

TEST(SampleOrder, DrawsWithReplacement) {
  const MemorySource source(1000);
  const std::vector<int64_t> indices = epoch_of(source, 0, true);
  const std::set<int64_t> distinct(indices.begin(), indices.end());
  EXPECT_GT(distinct.size(), 590U);  // 1000 (1 - 1/e) = 632, deviation 10
  EXPECT_LT(distinct.size(), 675U);
  EXPECT_EQ(epoch_of(source, 0, true), indices);
  EXPECT_NE(epoch_of(source, 1, true), indices);
}

TEST(SampleOrder, SubstitutesTryEveryPlaceOnceAndDiffer) {
  for (const int64_t size : {1, 2, 3, 8, 40, 97}) {
    const MemorySource source(size);
    const SampleOrder order(source, {.seed = 5});
    for (const uint64_t position : {uint64_t{0}, static_cast<uint64_t>(size) + 1}) {
      std::set<int64_t> tried;
      for (int64_t attempt = 0; attempt < size; ++attempt)
        tried.insert(order.at(position, static_cast<uint64_t>(attempt)).index);
      EXPECT_EQ(tried.size(), static_cast<size_t>(size));
    }
    std::set<int64_t> first;
    for (int64_t position = 0; position < size; ++position)
      first.insert(order.at(static_cast<uint64_t>(position), 1).index);
    EXPECT_EQ(first.size(), static_cast<size_t>(size));
  }
}

}  // namespace
}  // namespace tandem
