#include "data/files/shard_list.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

TEST(ExpandShards, NamesTheFirstMissingOnes) {
  const TemporaryFolder folder;
  for (const char* name : {"0.tar", "1.tar", "4.tar"}) write_text(folder / name, "");
  const std::string text =
      expect_error(ErrorKind::kMissingInput, "6 of 9 shards are not there",
                   [&] { (void)expand_shards((folder / "{0..8}.tar").string()); });
  for (const char* part : {"2.tar", "3.tar", "5.tar", "…"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_EQ(text.find("6.tar"), std::string::npos) << text;
}

TEST(ExpandShards, RefusesEmptyListsAndFolders) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kConfig, "empty", [] { (void)expand_shards("a.tar::"); });
  expect_error(ErrorKind::kConfig, "empty", [] { (void)expand_shards(""); });
  expect_error(ErrorKind::kMissingInput, "no shards in the folder",
               [&] { (void)expand_shards(folder.path().string()); });
}

TEST(ExpandShards, CountsAllEntriesBeforeItLooksForOne) {
  expect_error(ErrorKind::kConfig, "more than a million shards",
               [] { (void)expand_shards("{0..600000}.tar::{0..600000}.tar"); });
}

TEST(ExpandShards, PassesPipesThrough) {
  EXPECT_EQ(expand_shards("pipe:cat {0,1}.tar"), (Texts{"pipe:cat 0.tar", "pipe:cat 1.tar"}));
}

}  // namespace
}  // namespace tandem
