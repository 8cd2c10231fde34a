#include <gtest/gtest.h>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

/// Pictures with a .txt beside each, as img2dataset's "files" format writes them.
class FilesSource : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& caption) {
    fs::create_directories((root_ / name).parent_path());
    write_picture(root_ / (name + ".jpg"));
    write_text(root_ / (name + ".txt"), caption);
    write_text(root_ / (name + ".json"), "{}");
  }
  std::unique_ptr<Source> open_files() {
    return open({.kind = SourceKind::kFiles, .path = root_.path().string()});
  }
  TemporaryFolder root_;
};

TEST_F(FilesSource, TakesTheTextBesideEachPicture) {
  add("00001/b", "second\n");
  add("00000/a", "first");
  add("00000/a.b", "dotted");
  const auto source = open_files();
  ASSERT_EQ(source->size(), 3);
  EXPECT_EQ(source->key(0), "00000/a.b.jpg");
  EXPECT_EQ(source->captions(0), Texts{"dotted"});
  EXPECT_EQ(source->captions(1), Texts{"first"});
  const RawSample sample = source->sample(2, 0);
  EXPECT_EQ(sample.captions, Texts{"second\n"});
  EXPECT_EQ(sample.image.width, 24);
  EXPECT_EQ(source->picture_file(2, 0), read_file(root_ / "00001/b.jpg"));
  EXPECT_TRUE(source->class_names().empty());
}

TEST_F(FilesSource, RefusesTextsThatAreNotUtf8) {
  add("a", "caf\xE9");
  add("b", "café");
  const auto source = open_files();
  expect_error(ErrorKind::kData, {.reason = "not UTF-8"}, [&] { (void)source->sample(0, 0); });
  EXPECT_EQ(source->captions(1), Texts{"café"});
}

TEST_F(FilesSource, CountsPicturesWithoutText) {
  add("a", "one");
  write_picture(root_ / "b.jpg");
  const fs::path log_path = root_ / ".log";
  const LogFile log(log_path);
  const auto source = open_files();
  ASSERT_EQ(source->size(), 2);
  EXPECT_NE(read_file(log_path).find("1 of 2 images have no .txt"), std::string::npos);
  expect_error(ErrorKind::kData, {.reason = "missing caption"},
               [&] { (void)source->sample(1, 0); });
}

TEST_F(FilesSource, RefusesATreeWithoutPicturesOrTexts) {
  expect_error(ErrorKind::kData, {.what = "no images"}, [&] { open_files(); });
  write_picture(root_ / "b.jpg");
  write_text(root_ / "notes.md", "");
  expect_error(ErrorKind::kData,
               {.found = "1 images without .txt; left out: 1 that are not images"},
               [&] { open_files(); });
}

TEST_F(FilesSource, GuardsAgainstLinksThatLeadOut) {
  const TemporaryFolder elsewhere;
  add("a", "one");
  fs::remove(root_ / "a.txt");
  write_text(elsewhere / "a.txt", "secret");
  fs::create_symlink(elsewhere / "a.txt", root_ / "a.txt");
  add("b", "two");
  const auto source = open_files();
  ASSERT_EQ(source->size(), 2);
  expect_error(ErrorKind::kData, {.reason = "missing caption"}, [&] { (void)source->captions(0); });
}

TEST_F(FilesSource, HasTheFingerprintOfItsNames) {
  add("a", "one");
  const std::string before = open_files()->fingerprint();
  EXPECT_EQ(open_files()->fingerprint(), before);
  add("b", "two");
  EXPECT_NE(open_files()->fingerprint(), before);
}

}  // namespace
}  // namespace tandem
