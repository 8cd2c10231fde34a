#include "data/shards/tar_index.h"

#include <gtest/gtest.h>

#include "data/shards/shard_fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/hash.h"
#include "tandem/core/log.h"
#include "tandem/data/shards.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

SourceOptions shards_at(const fs::path& path) {
  return {.kind = SourceKind::kWds, .path = path.string()};
}

TEST(TarIndex, ReadsBackWhatItSaved) {
  const TemporaryFolder folder;
  const fs::path tar = folder / "a.tar";
  write_text(tar, tar_of(simple_members(0, 3)).substr(0, 6000));
  const TarIndex index = scan_tar(tar, true);
  ASSERT_GE(index.members.size(), 2U);
  EXPECT_FALSE(index.problem.empty());
  const std::string bytes = read_file(tar);
  for (const IndexedMember& member : index.members)
    EXPECT_EQ(member.hash, hash_bytes(bytes.substr(member.offset, member.size)));
  save_index(tar, index);
  const SavedIndex saved = load_index(tar);
  ASSERT_TRUE(saved.index.has_value()) << saved.refusal;
  EXPECT_EQ(saved.index->stamp, index.stamp);
  EXPECT_EQ(saved.index->problem, index.problem);
  EXPECT_EQ(saved.index->cut_name, index.cut_name);
  EXPECT_EQ(saved.index->ignored, index.ignored);
  ASSERT_EQ(saved.index->members.size(), index.members.size());
  for (size_t i = 0; i < index.members.size(); ++i) {
    EXPECT_EQ(saved.index->members[i].name, index.members[i].name);
    EXPECT_EQ(saved.index->members[i].offset, index.members[i].offset);
    EXPECT_EQ(saved.index->members[i].size, index.members[i].size);
    EXPECT_EQ(saved.index->members[i].hash, index.members[i].hash);
  }
}

TEST(TarIndex, ClearsWhatAKilledProcessLeft) {
  const TemporaryFolder folder;
  const fs::path tar = folder / "a.tar";
  write_text(tar, tar_of(simple_members(0, 3)));
  for (const char* name : {"a.tar.idx.tmp-999999999", "b.tar.idx.tmp-999999999"})
    write_text(folder / name, "half");
  save_index(tar, scan_tar(tar, false));
  EXPECT_FALSE(fs::exists(folder / "a.tar.idx.tmp-999999999"));
  EXPECT_TRUE(fs::exists(folder / "b.tar.idx.tmp-999999999"));
}

TEST(TarIndex, IsNotUsedWhenStaleOrDamaged) {
  const TemporaryFolder folder;
  const fs::path tar = folder / "a.tar";
  write_tar(tar, simple_members(0, 3));
  EXPECT_FALSE(load_index(tar).index);
  EXPECT_EQ(load_index(tar).refusal, "");
  save_index(tar, scan_tar(tar, true));
  EXPECT_TRUE(load_index(tar).index);

  std::string text = read_file(index_path(tar));
  text[text.size() / 2] ^= 1;
  write_text(index_path(tar), text);
  EXPECT_EQ(load_index(tar).refusal, "damaged");
  write_text(index_path(tar), "");
  EXPECT_EQ(load_index(tar).refusal, "damaged");

  save_index(tar, scan_tar(tar, true));
  fs::last_write_time(tar, fs::last_write_time(tar) + std::chrono::seconds(2));
  EXPECT_EQ(load_index(tar).refusal, "stale");
  write_tar(tar, simple_members(0, 4));
  EXPECT_EQ(load_index(tar).refusal, "stale");
  const LogFile log(folder / "log");
  EXPECT_EQ(open(shards_at(tar))->size(), 4);
  EXPECT_NE(read_file(folder / "log").find("stale shard index"), std::string::npos);
}

TEST(TarIndex, GivesTheSameSourceAsAWalkOverTheHeaders) {
  const TemporaryFolder folder;
  write_tar(folder / "0.tar", simple_members(0, 3));
  write_tar(folder / "1.tar", simple_members(3, 5));
  const auto walked = open(shards_at(folder.path()));
  EXPECT_EQ(index_shards(shards_at(folder.path()), {}).size(), 2U);
  EXPECT_TRUE(fs::exists(folder / "1.tar.idx"));
  const auto indexed = open(shards_at(folder.path()));
  EXPECT_EQ(keys_of(*indexed), keys_of(*walked));
  EXPECT_EQ(indexed->fingerprint(), walked->fingerprint());
  for (int64_t i = 0; i < 5; ++i) {
    EXPECT_EQ(indexed->picture_file(i, 0), walked->picture_file(i, 0));
    EXPECT_EQ(indexed->captions(i), walked->captions(i));
  }
}

TEST(TarIndex, FindsBytesThatWereDamagedInsideAMember) {
  const TemporaryFolder folder;
  const fs::path tar = folder / "a.tar";
  write_tar(tar, simple_members(0, 2));
  (void)index_shards(shards_at(tar), {});
  const fs::file_time_type before = fs::last_write_time(tar);
  std::string bytes = read_file(tar);
  bytes[scan_tar(tar, false).members[1].offset] ^= 1;  // the first letter of a caption
  write_text(tar, bytes);
  fs::last_write_time(tar, before);
  const auto source = open(shards_at(tar));
  expect_error(ErrorKind::kData, {.reason = "damaged member"}, [&] { (void)source->sample(0, 0); });
  EXPECT_EQ(source->sample(1, 0).captions.size(), 1U);
}

TEST(TarIndex, IsOnlyForShards) {
  expect_error(ErrorKind::kConfig, {.what = "only tar shards have an index"},
               [] { (void)index_shards({.kind = SourceKind::kTable, .path = "a.tsv"}, {}); });
}

}  // namespace
}  // namespace tandem
