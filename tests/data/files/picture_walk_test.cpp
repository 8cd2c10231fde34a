#include "tandem/data/picture_walk.h"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class PictureWalk : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"tree/cat/deep", "tree/dog", "elsewhere/more"})
      fs::create_directories(base_ / folder);
    for (const char* name : {"tree/cat/b.png", "tree/cat/a.JPG", "tree/cat/deep/c.png",
                             "tree/dog/d.png", "tree/stray.png", "elsewhere/more/e.png"})
      write_text(base_ / name, "x");
  }
  LeftOut walk(PictureWalkOptions options) {
    found_.clear();
    texts_.clear();
    const auto take = [this](const FoundPicture& picture) {
      found_.push_back(picture.path);
      if (picture.has_text) texts_.push_back(picture.path);
    };
    const auto begin = [this](const std::string& name) { found_.push_back("[" + name + "]"); };
    return walk_pictures(base_ / "tree", options, {.take = take, .begin_class = begin});
  }
  TemporaryFolder base_;
  Names found_;
  Names texts_;
};

TEST_F(PictureWalk, FindsPicturesAtAnyDepthInTheOrderOfTheirPaths) {
  const LeftOut left_out = walk({});
  EXPECT_EQ(found_, (Names{"cat/a.JPG", "cat/b.png", "cat/deep/c.png", "dog/d.png", "stray.png"}));
  EXPECT_EQ(left_out.describe(), "");
}

TEST_F(PictureWalk, ByClassLooksIntoOneLevelOfFolders) {
  const LeftOut left_out = walk({.by_class = true});
  EXPECT_EQ(found_, (Names{"[cat]", "cat/a.JPG", "cat/b.png", "[dog]", "dog/d.png"}));
  EXPECT_EQ(left_out.describe(),
            "1 folders nested in a class folder, 1 images outside a class folder");
}

TEST_F(PictureWalk, CountsWhatItLeavesOutByReason) {
  write_text(base_ / "tree/cat/a.txt", "a cat");
  write_text(base_ / "tree/cat/b.json", "{}");
  write_text(base_ / "tree/cat/notes.txt", "no caption");
  write_text(base_ / "tree/dog/.DS_Store", "");
  write_text(base_ / "tree/README", "read me");
  ASSERT_EQ(::mkfifo((base_ / "tree/pipe.png").c_str(), 0600), 0);
  fs::create_symlink("nowhere", base_ / "tree/broken.png");
  const LeftOut left_out = walk({});
  EXPECT_EQ(found_.size(), 5U);
  EXPECT_EQ(left_out.describe(),
            "1 .txt beside images (kind files reads them as captions), 3 that are not images (1 "
            ".json, 1 .txt, 1 no extension), 1 hidden, 2 pipes, sockets or broken links");
  const LeftOut with_texts = walk({.take_texts = true});
  EXPECT_EQ(texts_, Names{"cat/a.JPG"});
  EXPECT_EQ(with_texts.texts, 0);
  EXPECT_EQ(with_texts.extensions, (std::map<std::string, int64_t>{{"", 1}, {".txt", 1}}));
}

TEST_F(PictureWalk, TriesOtherFilesByTheirFirstBytes) {
  write_picture(base_ / "picture.png");
  const std::string bytes = read_file(base_ / "picture.png");
  for (const char* name : {"1", "2.jfif", "3.dat", "4.txt"})
    write_text(base_ / "tree/dog" / name, bytes);
  write_text(base_ / "tree/dog/5.dat", "");
  const LeftOut left_out = walk({});
  EXPECT_EQ(found_, (Names{"cat/a.JPG", "cat/b.png", "cat/deep/c.png", "dog/1", "dog/2.jfif",
                           "dog/3.dat", "dog/d.png", "stray.png"}));
  EXPECT_EQ(left_out.extensions, (std::map<std::string, int64_t>{{".dat", 1}, {".txt", 1}}));
}

TEST_F(PictureWalk, FollowsLinksThatLeadOutOnlyWhenAllowed) {
  fs::create_symlink(base_ / "elsewhere/more/e.png", base_ / "tree/dog/link.png");
  fs::create_directory_symlink(base_ / "elsewhere", base_ / "tree/out");
  fs::create_directory_symlink(base_ / "elsewhere", base_ / "tree/zzz");
  fs::create_directory_symlink(base_ / "tree", base_ / "elsewhere/back");
  fs::create_directory_symlink("..", base_ / "tree/cat/up");
  fs::create_symlink("b.png", base_ / "tree/cat/inside.png");
  const LeftOut guarded = walk({});
  EXPECT_EQ(found_, (Names{"cat/a.JPG", "cat/b.png", "cat/deep/c.png", "cat/inside.png",
                           "dog/d.png", "stray.png"}));
  EXPECT_EQ(guarded.links_out, 3);
  EXPECT_EQ(guarded.links_in, 1);
  const LeftOut allowed = walk({.allow_outside_root = true});
  EXPECT_EQ(found_, (Names{"cat/a.JPG", "cat/b.png", "cat/deep/c.png", "cat/inside.png",
                           "dog/d.png", "dog/link.png", "out/more/e.png", "stray.png"}));
  EXPECT_EQ(allowed.links_out, 0);
  EXPECT_EQ(allowed.links_in, 3);
}

TEST_F(PictureWalk, TellsInOneLine) {
  const auto said = [this](const LeftOut& left_out) {
    {
      const LogFile log(base_ / "log");
      tell_left_out("tree", left_out);
    }
    const std::string text = read_file(base_ / "log");
    fs::remove(base_ / "log");
    return text;
  };
  EXPECT_EQ(said({.hidden = 7}), "");
  const std::string text = said({.extensions = {{".\x1B[2J", 1}}, .hidden = 7});
  EXPECT_NE(text.find("tree: left out: 1 that are not images (1 "), std::string::npos) << text;
  EXPECT_NE(text.find("7 hidden."), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1B'), std::string::npos) << text;
}

}  // namespace
}  // namespace tandem
