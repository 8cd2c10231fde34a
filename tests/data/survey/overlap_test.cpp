#include "data/survey/overlap.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

/// A table in a folder of its own: a picture and a caption per seed, called as `names` say.
std::unique_ptr<Source> table_in(const std::filesystem::path& folder,
                                 const std::vector<std::pair<std::string, int>>& names) {
  std::filesystem::create_directories(folder);
  std::string table = "filepath\ttitle\n";
  for (const auto& [name, seed] : names) {
    write_picture(folder / name, seed);
    table += name + "\ta caption\n";
  }
  write_text(folder / "list.tsv", table);
  return open({.kind = SourceKind::kTable, .path = (folder / "list.tsv").string()});
}

TEST(FindOverlap, CountsWhatStandsInBoth) {
  const TemporaryFolder folder;
  const auto training =
      table_in(folder / "a", {{"1.png", 1}, {"2.png", 2}, {"3.png", 3}, {"3.png", 3}});
  const auto validation = table_in(folder / "b", {{"3.png", 3}, {"4.png", 4}, {"2.png", 2}});
  const Overlap found = find_overlap(*training, *validation);
  EXPECT_EQ(found.shared, 2);
  EXPECT_EQ(found.examples, (std::vector<std::string>{"2.png", "3.png"}));
  EXPECT_EQ(find_overlap(*training, *training).shared, 3);
}

TEST(FindOverlap, TellsOtherPicturesUnderEqualNames) {
  const TemporaryFolder folder;
  const auto training = table_in(folder / "a", {{"1.png", 1}, {"2.png", 2}});
  const auto validation = table_in(folder / "b", {{"1.png", 11}, {"2.png", 12}});
  EXPECT_EQ(find_overlap(*training, *validation).shared, 0);
  std::filesystem::remove(folder / "b/1.png");
  EXPECT_EQ(find_overlap(*training, *validation).shared, 0);
}

}  // namespace
}  // namespace tandem
