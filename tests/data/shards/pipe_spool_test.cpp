#include "data/shards/pipe_spool.h"

#include <gtest/gtest.h>

#include "data/shards/shard_fixtures.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

TEST(SplitCommand, TakesQuotesAsAShellDoes) {
  EXPECT_EQ(split_command("aws s3 cp s3://bucket/0.tar -"),
            (Words{"aws", "s3", "cp", "s3://bucket/0.tar", "-"}));
  EXPECT_EQ(split_command("  cat 'a b.tar'  \"c d\" e\\ f '' "),
            (Words{"cat", "a b.tar", "c d", "e f", ""}));
  EXPECT_EQ(split_command("cat '$HOME|x'"), (Words{"cat", "$HOME|x"}));
}

TEST(SplitCommand, LeavesToTheShellWhatNeedsOne) {
  for (const char* command : {"cat a | head", "cat $HOME/a", "cat \"$HOME\"", "cat *.tar", "a; b",
                              "cat 'open", "X=1 cat a", "cat `ls`", "cat a\\"})
    EXPECT_TRUE(split_command(command).empty()) << command;
}

TEST(SpoolPipe, RunsACommandOnce) {
  const TemporaryFolder folder;
  write_text(folder / "a.tar", "content");
  const std::string command = "cat '" + (folder / "a.tar").string() + "'";
  const fs::path kept = spool_pipe(command, folder / "cache");
  EXPECT_EQ(read_file(kept), "content");
  fs::remove(folder / "a.tar");
  EXPECT_EQ(spool_pipe(command, folder / "cache"), kept);
  EXPECT_NE(spool_pipe("printf %s two", folder / "cache"), kept);
}

TEST(SpoolPipe, LeavesNothingBehindAFailure) {
  const TemporaryFolder folder;
  expect_error(ErrorKind::kData, {.found = "status 3"},
               [&] { (void)spool_pipe("printf x; exit 3", folder / "cache"); });
  expect_error(ErrorKind::kMissingInput, {.where = "no-such-program"},
               [&] { (void)spool_pipe("no-such-program a", folder / "cache"); });
  EXPECT_TRUE(fs::is_empty(folder / "cache"));
}

TEST(WdsSource, ReadsPipesOnlyWhenAllowed) {
  const TemporaryFolder folder;
  for (const char* name : {"0.tar", "1.tar"}) write_tar(folder / name, simple_members(0, 2));
  const SourceOptions options{.kind = SourceKind::kWds,
                              .path = "pipe:cat " + (folder / "{0,1}.tar").string()};
  expect_error(ErrorKind::kConfig, {.hint = "data.allow_pipes=true"},
               [&] { (void)open_source(options, SourceContext()); });
  SourceContext context;
  context.allow_pipes = true;
  context.pipe_cache = (folder / "cache").string();
  const auto source = open_source(options, context);
  EXPECT_EQ(source->size(), 4);
  EXPECT_EQ(source->captions(3), (Words{"picture 1"}));
}

}  // namespace
}  // namespace tandem
