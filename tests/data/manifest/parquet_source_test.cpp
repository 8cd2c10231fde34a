#include <algorithm>
#include <thread>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/io/parquet.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Captions = std::vector<std::string>;

const fs::path kGolden = fs::path(TANDEM_SOURCE_DIR) / "tests" / "golden";
const std::vector<std::string> kNames = {"rgb.bmp", "gray.jpg",        "turned.png", "lossy.webp",
                                         "rgb.jpg", "progressive.jpg", "gray.png",   "palette.png"};

std::string caption(size_t i) { return "picture " + std::to_string(i) + ", ä€"; }
std::string picture(size_t i) { return read_file(kGolden / "images" / kNames[i]); }

/// The files of scripts/make_golden_parquet.py.
class ParquetSource : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_parquet()) GTEST_SKIP() << "built without Parquet";
  }
  static SourceOptions at(const fs::path& path) {
    return {.kind = SourceKind::kParquet, .path = path.string()};
  }
  static std::unique_ptr<Source> golden(const std::string& name) {
    return open(at(kGolden / "parquet" / (name + ".parquet")), true);
  }
  TemporaryFolder folder_;
};

TEST(ParquetUnderAnotherKind, IsAnsweredWithTheKindThatReadsIt) {
  const TemporaryFolder folder;
  fs::copy_file(kGolden / "parquet" / "paths_plain.parquet", folder / "list.tsv");
  for (const SourceKind kind : {SourceKind::kTable, SourceKind::kJsonl, SourceKind::kCaptions}) {
    for (const std::string& path :
         {(kGolden / "parquet" / "paths_plain.parquet").string(), (folder / "list.tsv").string(),
          (folder / "{00..11}.parquet").string()}) {
      expect_error(ErrorKind::kConfig, {.hint = R"(set the source's kind to "parquet")"},
                   [&] { (void)open({.kind = kind, .path = path}); });
    }
  }
}

TEST_F(ParquetSource, ReadsPathsAndCaptionsByTheirUsualNames) {
  for (const char* name : {"paths_snappy", "paths_plain"}) {
    const auto source = golden(name);
    ASSERT_EQ(source->size(), 8) << name;
    for (const size_t i : {0, 1, 3, 4, 6, 7}) {
      const auto index = static_cast<int64_t>(i);
      EXPECT_EQ(source->key(index), "../images/" + kNames[i]);
      EXPECT_EQ(source->captions(index), Captions{caption(i)});
      EXPECT_EQ(source->picture_file(index, 0), picture(i));
      EXPECT_EQ(source->sample(index, 0).captions, Captions{caption(i)});
    }
    expect_error(ErrorKind::kData, {.where = ".parquet:3", .reason = "missing caption"},
                 [&] { (void)source->captions(2); });
    expect_error(ErrorKind::kData,
                 {.what = "no image path", .where = ".parquet:6", .reason = "bad record"},
                 [&] { (void)source->sample(5, 0); });
  }
}

TEST_F(ParquetSource, ReadsHuggingFacesPicturesFromBytesElseFromTheirPath) {
  const auto source = golden("hugging_face_zstd");
  ASSERT_EQ(source->size(), 8);
  for (const size_t i : {0, 1, 2, 4, 5, 6, 7}) {
    const auto index = static_cast<int64_t>(i);
    EXPECT_EQ(source->picture_file(index, 0), picture(i)) << i;
    EXPECT_EQ(source->captions(index).size(), 1 + i % 3);
    EXPECT_EQ(source->captions(index).back(), caption(i) + ", " + std::to_string(i % 3));
  }
  EXPECT_NE(source->key(4).find("hugging_face_zstd.parquet:5"), std::string::npos);
  expect_error(ErrorKind::kData, {.reason = "missing image"}, [&] { (void)source->sample(3, 0); });
}

TEST_F(ParquetSource, ReadsStoredPicturesInAnyOrderFromManyPages) {
  for (const char* name : {"img2dataset_dictionary", "img2dataset_v2"}) {
    const auto source = golden(name);
    ASSERT_EQ(source->size(), 60) << name;
    for (int64_t step = 0; step < 60; ++step) {
      const int64_t index = step * 37 % 60;
      EXPECT_EQ(source->picture_file(index, 0), picture(static_cast<size_t>(index) % 8));
      EXPECT_EQ(source->captions(index), Captions{caption(static_cast<size_t>(index) % 8)});
    }
    EXPECT_EQ(source->sample(8, 0).image.width, source->sample(0, 0).image.width);
  }
}

TEST_F(ParquetSource, IsReadByManyThreadsAtOnce) {
  const auto source = golden("img2dataset_v2");
  std::vector<std::thread> threads;
  std::array<int, 4> right = {};
  for (size_t t = 0; t < right.size(); ++t)
    threads.emplace_back([&, t] {
      for (int64_t i = 0; i < 60; ++i)
        if (source->picture_file(i, 0) == picture(static_cast<size_t>(i) % 8)) ++right[t];
    });
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(right, (std::array<int, 4>{60, 60, 60, 60}));
}

TEST_F(ParquetSource, TakesAFolderOrAListOfFilesInOrder) {
  fs::copy(kGolden / "parquet" / "img2dataset_v2.parquet", folder_ / "b.parquet");
  fs::copy(kGolden / "parquet" / "hugging_face_zstd.parquet", folder_ / "a.parquet");
  SourceOptions options = at(folder_.path());
  options.image_key = "image";
  expect_error(ErrorKind::kData, {.what = R"(no column "image")", .where = "b.parquet"},
               [&] { (void)open(options); });
  fs::copy(kGolden / "parquet" / "img2dataset_dictionary.parquet", folder_ / "c.parquet");
  const auto source = open(at(folder_ / "{b,c}.parquet"));
  ASSERT_EQ(source->size(), 120);
  EXPECT_NE(source->key(60).find("c.parquet:1"), std::string::npos);
  EXPECT_EQ(source->picture_file(119, 0), picture(59 % 8));
  EXPECT_NE(source->fingerprint(), open(at(folder_ / "{c,b}.parquet"))->fingerprint());
}

TEST_F(ParquetSource, NamesTheColumnsThatAreThere) {
  SourceOptions options = at(kGolden / "parquet" / "paths_snappy.parquet");
  options.caption_key = "captoin";
  expect_error(ErrorKind::kData, {.found = R"(columns "url", "TEXT", "similarity", "image_path")"},
               [&] { (void)open(options); });
  options.caption_key = "similarity";
  expect_error(ErrorKind::kData,
               {.what = R"(column "similarity" has the wrong type)",
                .expected = "a string or a list of strings",
                .found = "double"},
               [&] { (void)open(options); });
}

TEST_F(ParquetSource, RefusesDamageAndWhatIsNoParquet) {
  write_text(folder_ / "text.parquet", "filepath\ttitle\n");
  expect_error(ErrorKind::kData, {.what = "is not a Parquet file", .where = "text.parquet"},
               [&] { (void)open(at(folder_ / "text.parquet")); });
  expect_error(ErrorKind::kMissingInput, {.where = "gone.parquet"},
               [&] { (void)open(at(folder_ / "gone.parquet")); });
  const std::string whole = read_file(kGolden / "parquet" / "img2dataset_v2.parquet");
  write_text(folder_ / "cut.parquet", whole.substr(0, whole.size() / 2));
  expect_error(ErrorKind::kData, {.where = "cut.parquet"},
               [&] { (void)open(at(folder_ / "cut.parquet")); });
}

/// Any byte changed: the source is refused, a sample is unusable, or another value is read.
TEST_F(ParquetSource, SurvivesChangedBytes) {
  for (const char* name : {"img2dataset_dictionary", "hugging_face_zstd", "paths_snappy"}) {
    const std::string whole = read_file(kGolden / "parquet" / (std::string(name) + ".parquet"));
    for (size_t at_byte = 0; at_byte < whole.size(); at_byte += 41) {
      std::string changed = whole;
      changed[at_byte] = static_cast<char>(changed[at_byte] ^ (1 << at_byte % 8));
      write_text(folder_ / "changed.parquet", changed);
      try {
        const auto source = open(at(folder_ / "changed.parquet"));
        for (int64_t i = 0; i < source->size(); ++i) {
          try {
            (void)source->picture_file(i, 0);
          } catch (const Error&) {
          }
        }
      } catch (const Error&) {
      }
    }
  }
}

TEST_F(ParquetSource, NoticesAFileThatChangesMeanwhile) {
  fs::copy(kGolden / "parquet" / "img2dataset_v2.parquet", folder_ / "a.parquet");
  const auto source = open(at(folder_ / "a.parquet"));
  write_text(folder_ / "a.parquet", read_file(folder_ / "a.parquet") + "more");
  expect_error(ErrorKind::kData, {.reason = "shard changed"}, [&] { (void)source->sample(0, 0); });
}

TEST(ParquetDoor, IsNamedByABuildWithoutIt) {
  if (has_parquet()) GTEST_SKIP() << "built with Parquet";
  expect_error(ErrorKind::kUsage, {.hint = "-DTANDEM_PARQUET=ON"}, [] {
    (void)open({.kind = SourceKind::kParquet,
                .path = (kGolden / "parquet" / "paths_plain.parquet").string()});
  });
}

}  // namespace
}  // namespace tandem
