#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

/// Two good pictures that are the same, and a damaged one.
class ClipDataVerbs : public ::testing::Test {
 protected:
  ClipDataVerbs() {
    write_text(folder_ / "config.json", tiny_config(folder_ / "runs", 10).dump());
    draw_png(folder_ / "a.png", {.red = 200});
    draw_png(folder_ / "b.png", {.red = 200});
    write_text(folder_ / "bad.png", "<html>no picture</html>");
    write_text(folder_ / "all.tsv", "filepath\ttitle\na.png\tone\nb.png\t<two>\nbad.png\tthree\n");
    write_text(folder_ / "good.tsv", "filepath\ttitle\na.png\tone\nb.png\t<two>\n");
  }

  [[nodiscard]] ProgramResult run(const std::string& verb, const std::string& kind,
                                  const std::string& path,
                                  const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{verb,
                                       "--config",
                                       (folder_ / "config.json").string(),
                                       "--set",
                                       "data.train.kind=" + kind,
                                       "--set",
                                       "data.train.path=" + (folder_ / path).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-data", arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(ClipDataVerbs, CheckCountsFaultsAndFailsBeyondTheLimit) {
  const ProgramResult result = run("check", "table", "all.tsv", {"--format", "json"});
  EXPECT_EQ(result.exit_code, 65) << result.err;
  EXPECT_NE(result.err.find("data.max_bad_ratio"), std::string::npos) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["samples"], 3);
  EXPECT_EQ(json["usable"], 2);
  EXPECT_EQ(json["unusable"]["not an image"]["count"], 1);
  EXPECT_EQ(json["pictures"]["repeated"], 1);
  EXPECT_EQ(json["captions"]["distinct"], 2);
  EXPECT_EQ(run("check", "table", "all.tsv", {"--set", "data.max_bad_ratio=0.5"}).exit_code, 0);
  const ProgramResult text = run("check", "table", "good.tsv");
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("samples: 2, 2 usable"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("images: 1 distinct, 1 repeated"), std::string::npos) << text.out;
}

TEST_F(ClipDataVerbs, StatsOpensNoPictures) {
  const ProgramResult result = run("stats", "table", "all.tsv");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("samples: 3, 3 usable"), std::string::npos) << result.out;
}

TEST_F(ClipDataVerbs, ShardsIndexAndReadBack) {
  const std::string shards = (folder_ / "shards").string();
  EXPECT_EQ(run("shard", "table", "all.tsv", {"--output", shards}).exit_code, 65);
  fs::remove_all(shards);
  const ProgramResult packed =
      run("shard", "table", "good.tsv", {"--output", shards, "--max-samples", "1"});
  ASSERT_EQ(packed.exit_code, 0) << packed.err;
  EXPECT_EQ(nlohmann::json::parse(read_text(folder_ / "shards/sizes.json")),
            (nlohmann::json{{"00000.tar", 1}, {"00001.tar", 1}}));
  const ProgramResult indexed = run("index", "wds", "shards");
  EXPECT_EQ(indexed.exit_code, 0) << indexed.err;
  EXPECT_TRUE(fs::exists(folder_ / "shards/00001.tar.idx"));
  const ProgramResult checked = run("check", "wds", "shards");
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_NE(checked.out.find("samples: 2, 2 usable"), std::string::npos) << checked.out;
  EXPECT_EQ(run("index", "table", "good.tsv").exit_code, 78);
}

TEST_F(ClipDataVerbs, ABlankCaptionIsNoneForAnyOfThem) {
  write_text(folder_ / "blank.tsv", "filepath\ttitle\na.png\tone\nb.png\t \n");
  EXPECT_EQ(run("check", "table", "blank.tsv").exit_code, 65);
  for (const std::string verb : {"shard", "export"})
    EXPECT_EQ(run(verb, "table", "blank.tsv", {"--output", (folder_ / verb).string()}).exit_code,
              65);
  EXPECT_EQ(lines_of(read_text(folder_ / "export/captions.tsv")).size(), 2U);
  EXPECT_FALSE(fs::exists(folder_ / "export/images/000001.png"));
  const fs::path page = folder_ / "page.html";
  EXPECT_EQ(run("preview", "table", "blank.tsv", {"--output", page.string()}).exit_code, 0);
  EXPECT_NE(read_text(page).find("b.png: the caption is empty"), std::string::npos);
}

TEST_F(ClipDataVerbs, PreviewIsOneSelfContainedPage) {
  const std::string page = (folder_ / "page.html").string();
  const ProgramResult result = run("preview", "table", "all.tsv", {"--output", page});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string html = read_text(page);
  EXPECT_NE(html.find("data:image/png;base64,iVBORw0KGgo"), std::string::npos);
  EXPECT_NE(html.find("&lt;two&gt;"), std::string::npos);
  EXPECT_NE(html.find("invalid: "), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos);
  EXPECT_EQ(html.find("<two>"), std::string::npos);
}

}  // namespace
}  // namespace tandem::test
