#include "tandem/data/source.h"

#include <fmt/format.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

TEST(OpenSource, RefusesASourceThatIsNotSet) {
  expect_error(ErrorKind::kConfig, {.what = "no data source"}, [] { open({}); });
  expect_error(ErrorKind::kConfig, {.what = "no path"}, [] { open({.kind = SourceKind::kTable}); });
}

TEST(CollectCaptions, PassesOverUnusableOnesAndStopsAtTheLimit) {
  MemorySource source(5);
  source.captions_of = [](int64_t index) -> std::vector<std::string> {
    if (index == 1) throw Error(ErrorKind::kData, "a bad record");
    if (index == 2) return {" \t", "two"};
    return {fmt::format("x{}", index), "y"};
  };
  using Captions = std::vector<std::string>;
  EXPECT_EQ(collect_captions(source, 100), (Captions{"x0", "y", "two", "x3", "y", "x4", "y"}));
  EXPECT_EQ(collect_captions(source, 3), (Captions{"x0", "y", "two"}));
  EXPECT_EQ(collect_captions(source, 0), Captions{});
}

TEST(CollectCaptions, DrawsNothing) {
  const auto source = open({.kind = SourceKind::kShapes, .shapes = {.count = 1000}});
  const auto captions = collect_captions(*source, 1000);
  ASSERT_EQ(captions.size(), 1000U);
  for (int64_t index = 0; index < 1000; index += 97)
    EXPECT_EQ(source->sample(index, 0).captions[0], captions[static_cast<size_t>(index)]);
}

}  // namespace
}  // namespace tandem
