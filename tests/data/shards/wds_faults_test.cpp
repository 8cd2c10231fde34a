#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

#include "data/files/shard_files.h"
#include "data/shards/shard_fixtures.h"
#include "io/tar/tar_writer.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;
using Counts = std::map<std::string, uint64_t>;

/// Reads `source` once and returns what was passed over.
Counts bad_in(const Source& source) {
  LoaderOptions options = small_batches(16);
  options.training = false;
  Loader loader(source, small_tokenizer(), options);
  while (loader.next().images.size(0) > 0) {
  }
  return loader.stats().bad;
}

/// What opening shards says in the log.
std::string said_on_opening(const TemporaryFolder& folder, const std::string& path) {
  {
    const LogFile log(folder / "log");
    (void)open_shards(path);
  }
  return read_file(folder / "log");
}

TEST(WdsFaults, AJsonMemberThatCannotBeReadCostsItsOwnContentOnly) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"0.jpg", jpg},
                               {"0.txt", "zero"},
                               {"0.json", R"({"title": "and more", "punsafe": NaN})"},
                               {"1.jpg", jpg},
                               {"1.txt", "one"},
                               {"1.json", "{\"title\": "},
                               {"2.jpg", jpg},
                               {"2.txt", "two"},
                               {"2.json", R"({"title": "a", "title": "b"})"},
                               {"3.jpg", jpg},
                               {"3.txt", "three"},
                               {"3.json", R"({"title": NaN})"},
                               {"4.jpg", jpg},
                               {"4.json", R"({"title": "a", "title": "b"})"}});
  const LogFile log(folder / "log");
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(source->captions(0), (Texts{"zero", "and more"}));
  EXPECT_EQ(source->captions(1), (Texts{"one"}));
  EXPECT_EQ(source->captions(2), (Texts{"two"}));
  EXPECT_EQ(source->captions(3), (Texts{"three"}));
  expect_error(ErrorKind::kData, {.what = "\"title\"", .reason = "bad record"},
               [&] { (void)source->captions(4); });
  const std::string said = read_file(folder / "log");
  EXPECT_NE(said.find("a.tar:1: the json member is invalid"), std::string::npos) << said;
  EXPECT_EQ(said.find("a.tar:2"), std::string::npos) << said;
}

TEST(WdsFaults, UsesAWholeSampleBeforeADamagedHeader) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  const std::string damaged(512, 'x');
  write_text(folder / "a.tar", tar_of({{"0.jpg", jpg}, {"0.txt", "whole"}}, false) + damaged);
  EXPECT_EQ(keys_of(*open_shards((folder / "a.tar").string())), (Texts{"0"}));
  write_text(folder / "a.tar",
             tar_of({{"0.jpg", jpg}, {"0.txt", "whole"}, {"1.jpg", jpg}}, false) + damaged);
  EXPECT_EQ(keys_of(*open_shards((folder / "a.tar").string())), (Texts{"0"}));
  write_text(folder / "a.tar",
             tar_of({{"0.jpg", jpg}, {"0.cls", "0"}}, false) + damaged.substr(0, 100));
  EXPECT_EQ(keys_of(*open_shards((folder / "a.tar").string())), (Texts{"0"}));
}

TEST(WdsFaults, CountsSamplesThatLackAPart) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"0.jpg", jpg},
                               {"0.txt", "whole"},
                               {"1.jpg", jpg},
                               {"2.txt", "no picture"},
                               {"3.jpg", jpg},
                               {"3.json", R"({"url": 1})"},
                               {"4.jpg", jpg},
                               {"4.json", "no json"},
                               {"5.jpg", jpg},
                               {"5.json", R"({"title": 5})"},
                               {"6.jpg", jpg},
                               {"6.json", R"({"title": []})"},
                               {"7.jpg", jpg.substr(0, jpg.size() / 2)},
                               {"7.txt", "cut"},
                               {"8.jpg", ""},
                               {"8.txt", "empty"},
                               {"9.jpg", jpg},
                               {"9.txt", " \n"}});
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(source->size(), 10);
  EXPECT_EQ(bad_in(*source), (Counts{{"missing caption", 4},
                                     {"missing image", 1},
                                     {"bad record", 1},
                                     {"truncated JPEG", 1},
                                     {"not an image", 1},
                                     {"empty caption", 1}}));
}

TEST(WdsFaults, CountsRepeatedExtensionsAndScatteredKeys) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "a.tar", {{"a.jpg", jpg},
                               {"b.jpg", jpg},
                               {"a.txt", "scattered"},
                               {"c.jpg", jpg},
                               {"c.jpg", jpg},
                               {"c.txt", "c"}});
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_EQ(keys_of(*source), (Texts{"a", "b", "a", "c", "c"}));
  const std::string said = said_on_opening(folder, (folder / "a.tar").string());
  EXPECT_NE(said.find("1 members with key not consecutive"), std::string::npos) << said;
  EXPECT_NE(said.find("1 members with repeated extension"), std::string::npos) << said;
}

TEST(WdsFaults, KeysDoNotMergeAcrossShards) {
  const TemporaryFolder folder;
  const std::string jpg = picture_bytes("jpg");
  write_tar(folder / "0.tar", {{"a.jpg", jpg}, {"a.txt", "first"}});
  write_tar(folder / "1.tar", {{"a.jpg", jpg}, {"a.txt", "second"}});
  const auto source = open_shards(folder.path().string());
  ASSERT_EQ(source->size(), 2);
  EXPECT_EQ(source->captions(1), (Texts{"second"}));
}

TEST(WdsFaults, UsesWhatStandsBeforeACut) {
  const TemporaryFolder folder;
  const std::string tar = tar_of(simple_members(0, 4));
  for (const auto& [kept, samples] :
       std::vector<std::pair<size_t, int64_t>>{{tar.size() - 1024 - 508, 3},   // in 3.txt
                                               {tar.size() - 1024 - 1500, 3},  // in 3.jpg
                                               {tar.size() - 1024, 4},
                                               {tar.size() - 512, 4}}) {
    write_text(folder / "a.tar", tar.substr(0, kept));
    const auto source = open_shards((folder / "a.tar").string());
    EXPECT_EQ(source->size(), samples) << kept;
    EXPECT_TRUE(bad_in(*source).empty()) << kept;
  }
  write_text(folder / "a.tar", tar.substr(0, tar.size() - 1024 - 508));
  const std::string said = said_on_opening(folder, (folder / "a.tar").string());
  EXPECT_NE(said.find("1 truncated or damaged shards"), std::string::npos) << said;
  EXPECT_NE(said.find("a.tar: truncated inside \"000000003.txt\""), std::string::npos) << said;
  EXPECT_EQ(said.find("cut", said.find("truncated inside") + 4), std::string::npos) << said;
}

TEST(WdsFaults, NamesEmptyShardsAndStopsWhenAllAre) {
  const TemporaryFolder folder;
  write_text(folder / "0.tar", "");
  write_text(folder / "1.tar", tar_end());
  write_tar(folder / "2.tar", simple_members(0, 1));
  const std::string said = said_on_opening(folder, folder.path().string());
  EXPECT_NE(said.find("2 shards without a sample"), std::string::npos) << said;
  EXPECT_NE(said.find("0.tar (0 bytes)"), std::string::npos) << said;
  EXPECT_NE(said.find("1.tar (no valid member)"), std::string::npos) << said;
  expect_error(ErrorKind::kData, {.what = "no samples in the shards"},
               [&] { (void)open_shards((folder / "{0,1}.tar").string()); });
}

TEST(WdsFaults, RefusesWhatIsNoTar) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", simple_members(0, 1));
  write_text(folder / "1.tar", "\x1F\x8B\x08");
  expect_error(ErrorKind::kData, {.what = "is not a tar file", .where = "1.tar"},
               [&] { (void)open_shards(folder.path().string()); });
}

TEST(WdsFaults, NeverOpensWhatMembersPointTo) {
  const TemporaryFolder folder;
  std::string tar = tar_of(simple_members(0, 1), false);
  tar += tar_member("../outside.jpg", picture_bytes("jpg"));
  tar += tar_member("/absolute.jpg", picture_bytes("jpg"));
  write_text(folder / "a.tar", tar + tar_end());
  EXPECT_EQ(open_shards((folder / "a.tar").string())->size(), 1);
  EXPECT_FALSE(fs::exists(folder.path().parent_path() / "outside.jpg"));
  const std::string said = said_on_opening(folder, (folder / "a.tar").string());
  EXPECT_NE(said.find("2 members skipped (odd name)"), std::string::npos) << said;
}

TEST(WdsFaults, NoticesAShardThatChangesDuringTheRun) {
  const TemporaryFolder folder;
  write_tar(folder / "a.tar", simple_members(0, 3));
  const auto source = open_shards((folder / "a.tar").string());
  EXPECT_TRUE(bad_in(*source).empty());
  write_tar(folder / "a.tar", simple_members(10, 12));
  expect_error(ErrorKind::kData, {.found = "3 shard changed"}, [&] { (void)bad_in(*source); });
  fs::resize_file(folder / "a.tar", 100);
  expect_error(ErrorKind::kData, {.found = "3 shard changed"}, [&] { (void)bad_in(*source); });
}

TEST(WdsFaults, KnowsAShardThatChangedByItsFingerprint) {
  const TemporaryFolder folder;
  write_tar(folder / "a.tar", simple_members(0, 3));
  const std::string before = open_shards((folder / "a.tar").string())->fingerprint();
  write_tar(folder / "a.tar", simple_members(0, 2));
  EXPECT_NE(open_shards((folder / "a.tar").string())->fingerprint(), before);
}

TEST(WdsFaults, OneShardIsSharedOutAmongAnyNumberOfReaders) {
  const TemporaryFolder folder;
  write_tar(folder / "a.tar", simple_members(0, 16));
  const auto source = open_shards((folder / "a.tar").string());
  std::vector<int64_t> seen;
  LoaderOptions options = small_batches(16, 8);
  options.world_size = 4;
  for (options.rank = 0; options.rank < 4; ++options.rank) {
    Loader loader(*source, small_tokenizer(), options);
    const Batch batch = loader.next();
    EXPECT_EQ(batch.images.size(0), 4);
    seen.insert(seen.end(), batch.indices.begin(), batch.indices.end());
  }
  std::sort(seen.begin(), seen.end());
  for (int64_t i = 0; i < 16; ++i) EXPECT_EQ(seen.at(static_cast<size_t>(i)), i);
}

TEST(WdsFaults, TriesAFailingReadAgainAndThenGivesUp) {
  // A regular file whose first page cannot be read: EIO, as from a broken drive.
  const fs::path broken = "/proc/self/mem";
  const ShardFiles files({broken}, {FileReader(broken).stamp()});
  const auto began = std::chrono::steady_clock::now();
  expect_error(ErrorKind::kIo, {.where = "/proc/self/mem", .reason = "read error"},
               [&] { (void)files.read(0, 0, 8); });
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, std::chrono::milliseconds(1100));
  EXPECT_LT(took, std::chrono::seconds(30));
}

}  // namespace
}  // namespace tandem
