#include "data/files/shard_list.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

TEST(ExpandShards, NamesTheFirstMissingOnes) {
  const TemporaryFolder folder;
  for (const char* name : {"0.tar", "1.tar", "4.tar"}) write_text(folder / name, "");
  const Error error =
      expect_error(ErrorKind::kMissingInput, {.what = "6 of 9 shards", .reason = "missing file"},
                   [&] { (void)expand_shards((folder / "{0..8}.tar").string()); });
  for (const char* part : {"2.tar", "3.tar", "5.tar", "…"}) expect_parts(error, {.found = part});
  EXPECT_EQ(error.text().found.find("6.tar"), std::string::npos) << error.what();
}

TEST(ExpandShards, RefusesEmptyListsAndFolders) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kConfig, {.what = "empty"}, [] { (void)expand_shards("a.tar::"); });
  expect_error(ErrorKind::kConfig, {.what = "empty"}, [] { (void)expand_shards(""); });
  expect_error(ErrorKind::kMissingInput, {.what = "no shards in the folder"},
               [&] { (void)expand_shards(folder.path().string()); });
}

TEST(ExpandShards, CountsAllEntriesBeforeItLooksForOne) {
  expect_error(ErrorKind::kConfig, {.what = "more than a million shards"},
               [] { (void)expand_shards("{0..600000}.tar::{0..600000}.tar"); });
}

TEST(ExpandShards, PassesPipesThrough) {
  EXPECT_EQ(expand_shards("pipe:cat {0,1}.tar"), (Texts{"pipe:cat 0.tar", "pipe:cat 1.tar"}));
}

}  // namespace
}  // namespace tandem
