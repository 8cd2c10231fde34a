#include "text/sentencepiece/caption_sample.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(SampleCaptions, TakesAllInOrderWhenTheyFit) {
  EXPECT_EQ(sample_captions({"abc", "", "de"}, 5), (std::vector<size_t>{0, 1, 2}));
  EXPECT_TRUE(sample_captions({}, 5).empty());
}

TEST(SampleCaptions, TakesAFixedShuffledPartOfTooMany) {
  const std::vector<std::string> captions(1000, "0123456789");
  const std::vector<size_t> sample = sample_captions(captions, 2000);
  EXPECT_EQ(sample.size(), 200U);
  EXPECT_EQ(std::set<size_t>(sample.begin(), sample.end()).size(), 200U);
  EXPECT_GT(*std::max_element(sample.begin(), sample.end()), 900U);
  EXPECT_FALSE(std::is_sorted(sample.begin(), sample.end()));
  EXPECT_EQ(sample_captions(captions, 2000), sample);
}

TEST(SampleCaptions, CountsALongCaptionAsWhatCleaningKeeps) {
  const std::vector<std::string> captions(3, std::string(1'000'000, 'x'));
  EXPECT_EQ(sample_captions(captions, 3 * 4096).size(), 3U);
  EXPECT_EQ(sample_captions(captions, 2 * 4096).size(), 2U);
  EXPECT_EQ(sample_captions(captions, 10).size(), 1U);
}

}  // namespace
}  // namespace tandem
