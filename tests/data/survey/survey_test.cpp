#include "tandem/data/survey.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

TEST(Spread, CountsByPowersOfTwo) {
  Spread spread;
  for (const uint64_t value : {0, 1, 2, 3, 4, 7, 8}) spread.add(value);
  EXPECT_EQ(spread.bins[0], 1U);
  EXPECT_EQ(spread.bins[1], 1U);
  EXPECT_EQ(spread.bins[2], 2U);
  EXPECT_EQ(spread.bins[3], 2U);
  EXPECT_EQ(spread.bins[4], 1U);
  EXPECT_EQ(spread.min, 0U);
  EXPECT_EQ(spread.max, 8U);
  EXPECT_DOUBLE_EQ(spread.mean(), 25.0 / 7);
}

TEST(Survey, CountsFaultsRepeatsAndSizes) {
  const TemporaryFolder folder;
  for (const char* name : {"a.png", "b.png"}) write_picture(folder / name, name[0]);
  std::filesystem::copy_file(folder / "a.png", folder / "copy.png");
  write_picture(folder / "cut.jpg");
  cut_file(folder / "cut.jpg", 0.5);
  write_text(folder / "list.tsv",
             "filepath\ttitle\na.png\tone two\nb.png\t one  two \ncopy.png\tthree\na.png\tone two\n"
             "cut.jpg\tfour\nabsent.png\tfive\nb.png\t\n");
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  for (const int64_t threads : {1, 4}) {
    const DataSurvey found = survey(*source, {.threads = threads});
    EXPECT_EQ(found.samples, 7);
    EXPECT_EQ(found.usable, 4);
    EXPECT_DOUBLE_EQ(found.unusable_ratio(), 3.0 / 7);
    ASSERT_EQ(found.unusable.size(), 3U);
    EXPECT_EQ(found.unusable.at("truncated JPEG").count, 1U);
    EXPECT_EQ(found.unusable.at("missing file").count, 1U);
    EXPECT_EQ(found.unusable.at("empty caption").count, 1U);
    EXPECT_NE(found.unusable.at("missing file").examples[0].find("absent.png"), std::string::npos);
    EXPECT_EQ(found.pictures.distinct, 2U);
    EXPECT_EQ(found.pictures.repeated, 2U);
    EXPECT_EQ(found.pictures.examples,
              (std::vector<std::vector<std::string>>{{"a.png", "copy.png", "a.png"}}));
    EXPECT_EQ(found.captions.distinct, 2U);
    EXPECT_EQ(found.captions.repeated, 2U);
    EXPECT_EQ(found.width.count, 4U);
    EXPECT_EQ(found.width.max, 24U);
    EXPECT_EQ(found.caption_words.max, 2U);
    EXPECT_EQ(found.caption_bytes.min, 5U);
  }
}

TEST(Survey, CountsTransparentPictures) {
  const TemporaryFolder folder;
  const std::filesystem::path golden =
      std::filesystem::path(TANDEM_SOURCE_DIR) / "tests/golden/transparency";
  std::string list = "filepath\ttitle\n";
  for (const char* name : {"rgba.png", "opaque.png", "palette_8.png", "rgb_key.png", "lossy.webp"})
    list += (golden / name).string() + "\tcaption\n";
  write_text(folder / "list.tsv", list);
  for (const char* background : {"drop", "drop_after_resize", "white"}) {
    const auto source =
        open_source({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()},
                    {.transform = {.background = background}, .allow_outside_root = true});
    EXPECT_EQ(survey(*source, {}).transparent, 4) << background;
  }
}

TEST(Survey, CountsOddJpegs) {
  const TemporaryFolder folder;
  write_picture(folder / "plain.jpg");
  std::string bytes = read_file(folder / "plain.jpg");
  bytes.insert(bytes.find("\xFF\xDB"), "stray");
  write_text(folder / "odd.jpg", bytes);
  write_text(folder / "list.tsv", "filepath\ttitle\nplain.jpg\tone\nodd.jpg\ttwo\n");
  const auto source = open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
  const DataSurvey found = survey(*source, {});
  EXPECT_EQ(found.usable, 2);
  EXPECT_EQ(found.odd_jpegs, 1);
  EXPECT_EQ(found.pictures.distinct, 1U);
}

TEST(Survey, CountsOddCaptionsAndNamesTheFirst) {
  MemorySource source(300);
  source.captions_of = [](int64_t index) -> std::vector<std::string> {
    if (index % 100 == 70) return {"Z\xFCrich", "Schlo\xDF"};
    return {index == 250 ? "one\nrow\tof its own" : " good \n"};
  };
  for (const int64_t threads : {1, 4}) {
    const auto odd = survey(source, {.threads = threads}).odd_captions;
    ASSERT_EQ(odd.size(), 2U);
    EXPECT_EQ(odd.at("not UTF-8").count, 6U);
    EXPECT_EQ(odd.at("not UTF-8").first, "memory/70");
    EXPECT_EQ(odd.at("line ends inside").count, 1U);
    EXPECT_EQ(odd.at("line ends inside").first, "memory/250");
  }
}

TEST(Survey, WithoutPicturesOpensNone) {
  MemorySource source(10);
  source.before = [](int64_t) { throw Error(ErrorKind::kData, "damaged"); };
  const DataSurvey found = survey(source, {.pictures = false});
  EXPECT_EQ(found.usable, 10);
  EXPECT_EQ(found.pictures.distinct, 0U);
  EXPECT_EQ(found.captions.repeated, 9U);
}

TEST(Survey, CountsClasses) {
  const auto source = open({.kind = SourceKind::kShapes, .shapes = {.count = 500}});
  const DataSurvey found = survey(*source, {});
  EXPECT_EQ(found.usable, 500);
  ASSERT_EQ(found.per_class.size(), 64U);
  uint64_t sum = 0;
  for (const uint64_t count : found.per_class) sum += count;
  EXPECT_EQ(sum, 500U);
  const DataSurvey without_pictures = survey(*source, {.pictures = false});
  EXPECT_EQ(without_pictures.per_class, found.per_class);
  EXPECT_EQ(without_pictures.captions.distinct, found.captions.distinct);
}

}  // namespace
}  // namespace tandem
