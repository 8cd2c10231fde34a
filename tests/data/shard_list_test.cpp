#include "data/shard_list.h"

#include <gtest/gtest.h>

#include "data/fixtures.h"

namespace tandem {
namespace {

using Texts = std::vector<std::string>;

TEST(ExpandBraces, AsAShellDoes) {
  EXPECT_EQ(expand_braces("a.tar"), (Texts{"a.tar"}));
  EXPECT_EQ(expand_braces("{000..003}.tar"), (Texts{"000.tar", "001.tar", "002.tar", "003.tar"}));
  EXPECT_EQ(expand_braces("{8..11}"), (Texts{"8", "9", "10", "11"}));
  EXPECT_EQ(expand_braces("{08..11}"), (Texts{"08", "09", "10", "11"}));
  EXPECT_EQ(expand_braces("{3..1}"), (Texts{"3", "2", "1"}));
  EXPECT_EQ(expand_braces("{0..10..5}"), (Texts{"0", "5", "10"}));
  EXPECT_EQ(expand_braces("{a..c}"), (Texts{"a", "b", "c"}));
  EXPECT_EQ(expand_braces("x{a,b{1,2}}y"), (Texts{"xay", "xb1y", "xb2y"}));
  EXPECT_EQ(expand_braces("{a,b}-{0..1}"), (Texts{"a-0", "a-1", "b-0", "b-1"}));
  EXPECT_EQ(expand_braces("{x}"), (Texts{"{x}"}));
  EXPECT_EQ(expand_braces("{}"), (Texts{"{}"}));
  EXPECT_EQ(expand_braces("{a,}"), (Texts{"a", ""}));
}

TEST(ExpandBraces, RefusesTypos) {
  expect_error(ErrorKind::kConfig, "brace at character 3 is not closed",
               [] { (void)expand_braces("a/{000..999"); });
  expect_error(ErrorKind::kConfig, "too long", [] { (void)expand_braces("{0..99999999}"); });
  expect_error(ErrorKind::kConfig, "more than a million",
               [] { (void)expand_braces("{0..9999}{0..9999}"); });
}

TEST(ExpandBraces, RefusesWhatIsBuiltToHurt) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "{a,";
    return text + "b" + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_EQ(expand_braces(nested(64)).size(), 65U);
  expect_error(ErrorKind::kConfig, "braces nested deeper than 64",
               [&] { (void)expand_braces(nested(65)); });
  const std::string what = expect_error(ErrorKind::kConfig, "braces nested deeper than 64",
                                        [&] { (void)expand_braces(nested(200000)); });
  EXPECT_LT(what.size(), 1000U);
  std::string row;
  for (int i = 0; i < 200000; ++i) row += "{x}";
  EXPECT_EQ(expand_braces(row), Texts{row});
}

TEST(ExpandBraces, KeepsItsLimitWhereverTheTextsComeFrom) {
  const auto refused = [](const std::string& text) {
    expect_error(ErrorKind::kConfig, "more than a million", [&] { (void)expand_braces(text); });
  };
  const std::string thousand(1000, 'x');
  refused(thousand + "{0..999999}");
  refused("{0..999999}" + thousand);
  refused("{" + std::string(1000, '0') + "..999999}");
  refused("{{0..599999},{0..599999}}");
  refused("{" + std::string(1'000'000, ',') + "}");
  std::string held = "x";
  for (int i = 0; i < 60; ++i) held = "{{0..999990}," + held + "}";
  refused(held);
}

TEST(ExpandBraces, CountsToTheEndsOfWholeNumbers) {
  EXPECT_EQ(expand_braces("{-9223372036854775808..9223372036854775807..9223372036854775807}"),
            (Texts{"-9223372036854775808", "-1", "9223372036854775806"}));
  EXPECT_EQ(expand_braces("{9223372036854775807..9223372036854775806}"),
            (Texts{"9223372036854775807", "9223372036854775806"}));
}

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

TEST(ExpandShards, PassesPipesThrough) {
  EXPECT_EQ(expand_shards("pipe:cat {0,1}.tar"), (Texts{"pipe:cat 0.tar", "pipe:cat 1.tar"}));
}

}  // namespace
}  // namespace tandem
