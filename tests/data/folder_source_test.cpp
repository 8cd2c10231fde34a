#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class FolderSource : public testing::Test {
 protected:
  void add_picture(const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    write_picture(root_ / name);
  }
  std::unique_ptr<Source> open_folder(const std::string& caption = "a photo of a {}") {
    return open(
        {.kind = SourceKind::kFolder, .path = root_.path().string(), .caption_template = caption});
  }
  TemporaryFolder root_;
};

TEST_F(FolderSource, SortsClassesAndFilesByName) {
  for (const char* name : {"dog/b.png", "dog/a.png", "big_cat/z.png", "Ant/x.png"})
    add_picture(name);
  const auto source = open_folder();
  ASSERT_EQ(source->size(), 4);
  EXPECT_EQ(source->class_names(), (Names{"Ant", "big cat", "dog"}));
  EXPECT_EQ(source->key(0), "Ant/x.png");
  EXPECT_EQ(source->key(2), "dog/a.png");
  EXPECT_EQ(source->captions(1), Names{"a photo of a big cat"});
  const RawSample sample = source->sample(3, 0);
  EXPECT_EQ(sample.key, "dog/b.png");
  EXPECT_EQ(sample.class_index, 2);
  EXPECT_EQ(sample.image.width, 24);
}

TEST_F(FolderSource, TakesPicturesByExtensionInAnyCase) {
  for (const char* name : {"c/1.jpg", "c/2.jpeg", "c/3.png", "c/4.webp", "c/5.bmp"})
    add_picture(name);
  fs::rename(root_ / "c/1.jpg", root_ / "c/1.JPG");
  write_text(root_ / "c/notes.txt", "no picture");
  write_text(root_ / "c/.6.png", "hidden");
  write_text(root_ / "stray.png", "no class");
  fs::create_directories(root_ / "c/nested.png");
  const auto source = open_folder();
  ASSERT_EQ(source->size(), 5);
  EXPECT_EQ(source->key(0), "c/1.JPG");
  for (int64_t index = 0; index < 5; ++index) EXPECT_EQ(source->sample(index, 0).image.height, 20);
}

TEST_F(FolderSource, NeverOpensPipesSocketsAndCircularLinks) {
  add_picture("c/good.png");
  ASSERT_EQ(::mkfifo((root_ / "c/pipe.png").c_str(), 0600), 0);
  fs::create_symlink("loop.png", root_ / "c/loop.png");
  fs::create_symlink("absent.png", root_ / "c/broken.png");
  fs::create_symlink("good.png", root_ / "c/link.png");
  fs::create_symlink("circle", root_ / "circle");
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const WorkingDirectory inside(root_ / "c");
  std::strcpy(address.sun_path, "socket.png");
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto source = open_folder();
  ::close(socket);
  ASSERT_EQ(source->size(), 2);
  EXPECT_EQ(source->key(0), "c/good.png");
  EXPECT_EQ(source->key(1), "c/link.png");
  EXPECT_EQ(source->sample(1, 0).image.width, 24);
}

TEST_F(FolderSource, RefusesAPictureThatBecameAPipe) {
  add_picture("c/a.png");
  const auto source = open_folder();
  fs::remove(root_ / "c/a.png");
  ASSERT_EQ(::mkfifo((root_ / "c/a.png").c_str(), 0600), 0);
  expect_error(ErrorKind::kMissingInput, {.reason = "not a regular file"},
               [&] { (void)source->sample(0, 0); });
}

TEST_F(FolderSource, RefusesFoldersWithoutPictures) {
  expect_error(ErrorKind::kData, {.what = "no images"}, [&] { open_folder(); });
  fs::create_directories(root_ / "empty");
  expect_error(ErrorKind::kData, {.found = "1 class folders"}, [&] { open_folder(); });
  expect_error(ErrorKind::kMissingInput, {.found = "No such file"},
               [&] { open({.kind = SourceKind::kFolder, .path = (root_ / "absent").string()}); });
}

TEST_F(FolderSource, NamesUidAndModeOfAFolderThatMayNotBeListed) {
  add_picture("c/a.png");
  ::chmod((root_ / "c").c_str(), 0);
  if (::access((root_ / "c").c_str(), R_OK) == 0) GTEST_SKIP() << "nothing is denied to us";
  expect_error(ErrorKind::kMissingInput, {.found = "mode 0000"}, [&] { open_folder(); });
  ::chmod((root_ / "c").c_str(), 0700);
}

TEST_F(FolderSource, TellsInOneLineWhatItLeavesOut) {
  add_picture("c/a.png");
  write_text(root_ / "c/a.txt", "a caption");
  fs::create_directories(root_ / "c/nested");
  add_picture("stray.png");
  const LogFile log(root_ / ".log");
  (void)open_folder();
  const std::string said = read_file(root_ / ".log");
  EXPECT_NE(
      said.find("left out: 1 .txt beside images (kind files reads them as captions), 1 "
                "hidden, 1 folders nested in a class folder, 1 images outside a class folder."),
      std::string::npos)
      << said;
}

TEST_F(FolderSource, GivesFoldersTheNamesOfAFile) {
  add_picture("n01440764/a.png");
  add_picture("n01443537/a.png");
  const TemporaryFolder beside;
  write_text(beside / "words.txt", "n01443537\tgoldfish\nn01440764\ttench\nn0\tother\n");
  const auto source = open({.kind = SourceKind::kFolder,
                            .path = root_.path().string(),
                            .class_names = (beside / "words.txt").string()});
  EXPECT_EQ(source->class_names(), (Names{"tench", "goldfish"}));
  EXPECT_EQ(source->captions(1), Names{"a photo of a goldfish"});
  EXPECT_NE(source->fingerprint(), open_folder()->fingerprint());
}

TEST_F(FolderSource, FillsEveryKindOfTemplate) {
  add_picture("c/a.png");
  EXPECT_EQ(open_folder("{c}!")->captions(0), Names{"c!"});
  EXPECT_EQ(open_folder("the {label}")->captions(0), Names{"the c"});
  EXPECT_EQ(open_folder("a {}, a {c} and a {}")->captions(0), Names{"a c, a c and a c"});
  expect_error(ErrorKind::kConfig, {.where = "caption_template"}, [&] { open_folder("a photo"); });
}

}  // namespace
}  // namespace tandem
