#include "data/files/picture_root.h"

#include "core/home_folder.h"
#include "data/fixtures.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class PictureRootTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* folder : {"data/sub", "elsewhere"}) fs::create_directories(base_ / folder);
    for (const char* name : {"data/a.png", "data/sub/b.png", "elsewhere/c.png"})
      write_picture(base_ / name);
  }
  /// The reason for which `written` is refused.
  static std::string reason(const PictureRoot& root, const std::string& written) {
    try {
      (void)root.locate(written);
    } catch (const Error& error) {
      return std::string(error.reason());
    }
    return "none";
  }
  TemporaryFolder base_;
};

TEST_F(PictureRootTest, ResolvesAgainstTheFolder) {
  const PictureRoot root(base_ / "data", false);
  EXPECT_EQ(root.locate("a.png"), base_ / "data/a.png");
  EXPECT_EQ(root.locate("./sub/../sub/b.png"), base_ / "data/sub/b.png");
  EXPECT_EQ(root.locate((base_ / "data/a.png").string()), base_ / "data/a.png");
  EXPECT_EQ(PictureRoot((base_ / "data/").string() + "/", false).locate("a.png"),
            base_ / "data/a.png");
}

TEST_F(PictureRootTest, RefusesPathsThatLeadOut) {
  const PictureRoot root(base_ / "data", false);
  EXPECT_EQ(reason(root, "../elsewhere/c.png"), "outside root");
  EXPECT_EQ(reason(root, "sub/../../elsewhere/c.png"), "outside root");
  EXPECT_EQ(reason(root, "../data2"), "outside root");
}

TEST_F(PictureRootTest, TakesAnAbsolutePathAsItIs) {
  fs::create_symlink(base_ / "elsewhere/c.png", base_ / "data/link.png");
  const PictureRoot root(base_ / "data", false);
  const std::string outside = (base_ / "elsewhere/c.png").string();
  EXPECT_EQ(root.locate(outside), outside);
  EXPECT_EQ(root.locate((base_ / "data/link.png").string()), base_ / "data/link.png");
  EXPECT_EQ(reason(root, (base_ / "elsewhere/absent.png").string()), "missing file");
}

TEST_F(PictureRootTest, TakesATildeForTheUsersHome) {
  const HomeFolder home(base_ / "elsewhere");
  const PictureRoot root(base_ / "data", false);
  EXPECT_EQ(root.locate("~/c.png"), base_ / "elsewhere/c.png");
  EXPECT_EQ(reason(root, "~absent/c.png"), "missing file");
}

TEST_F(PictureRootTest, SaysWhereRelativePathsStart) {
  const PictureRoot root(base_ / "data", false);
  expect_error(ErrorKind::kMissingInput, {.hint = "image_root", .reason = "missing file"},
               [&] { (void)root.locate("absent.png"); });
  const WorkingDirectory here(base_ / "elsewhere");
  expect_error(ErrorKind::kMissingInput, {.hint = fs::current_path().string()},
               [] { PictureRoot("no", false); });
}

TEST_F(PictureRootTest, RefusesLinksThatLeadOut) {
  fs::create_symlink(base_ / "elsewhere/c.png", base_ / "data/link.png");
  fs::create_directory_symlink(base_ / "elsewhere", base_ / "data/links");
  fs::create_symlink("a.png", base_ / "data/inside.png");
  const PictureRoot root(base_ / "data", false);
  EXPECT_EQ(reason(root, "link.png"), "outside root");
  EXPECT_EQ(reason(root, "links/c.png"), "outside root");
  EXPECT_EQ(root.locate("inside.png"), base_ / "data/inside.png");
}

TEST_F(PictureRootTest, AllowsThemWhenAsked) {
  fs::create_symlink(base_ / "elsewhere/c.png", base_ / "data/link.png");
  const PictureRoot root(base_ / "data", true);
  EXPECT_EQ(root.locate("../elsewhere/c.png"), base_ / "elsewhere/c.png");
  EXPECT_EQ(root.locate((base_ / "elsewhere/c.png").string()), base_ / "elsewhere/c.png");
  EXPECT_EQ(root.locate("link.png"), base_ / "data/link.png");
}

TEST_F(PictureRootTest, AcceptsAFolderThatIsALink) {
  fs::create_directory_symlink(base_ / "data", base_ / "alias");
  const PictureRoot root(base_ / "alias", false);
  EXPECT_EQ(root.locate("a.png"), base_ / "alias/a.png");
  EXPECT_EQ(root.locate((base_ / "data/a.png").string()), base_ / "data/a.png");
}

TEST_F(PictureRootTest, TellsMissingFromUnreachable) {
  fs::create_symlink("loop.png", base_ / "data/loop.png");
  const PictureRoot root(base_ / "data", false);
  EXPECT_EQ(reason(root, "absent.png"), "missing file");
  EXPECT_EQ(reason(root, "a.png/below.png"), "missing file");
  EXPECT_EQ(reason(root, "loop.png"), "unreadable file");
  EXPECT_EQ(reason(root, "sub"), "not a regular file");
  EXPECT_EQ(reason(root, ""), "bad record");
  EXPECT_EQ(reason(root, std::string("a.png\0.jpg", 10)), "bad record");
  EXPECT_EQ(reason(root, std::string(5000, 'x')), "unreadable file");
  expect_error(ErrorKind::kMissingInput, {.where = (base_ / "data/absent.png").string()},
               [&] { (void)root.locate("absent.png"); });
}

TEST_F(PictureRootTest, CallsAPictureThatMayNotBeReadUnreadable) {
  fs::permissions(base_ / "data/a.png", fs::perms::none);
  if (::access((base_ / "data/a.png").c_str(), R_OK) == 0)
    GTEST_SKIP() << "nothing is denied to us";
  write_text(base_ / "data/list.tsv", "filepath\ttitle\na.png\tx\n");
  const auto source =
      open({.kind = SourceKind::kTable, .path = (base_ / "data/list.tsv").string()});
  expect_error(ErrorKind::kMissingInput,
               {.found = "Permission denied", .reason = "unreadable file"},
               [&] { (void)source->sample(0, 0); });
}

TEST_F(PictureRootTest, NeedsAFolder) {
  expect_error(ErrorKind::kMissingInput, {.what = "image folder"},
               [&] { PictureRoot(base_ / "no", false); });
  expect_error(ErrorKind::kMissingInput, {.what = "image folder"},
               [&] { PictureRoot(base_ / "data/a.png", false); });
}

class ManifestFolder : public PictureRootTest {
 protected:
  std::unique_ptr<Source> open_table(const std::string& picture,
                                     const std::string& image_root = "") {
    write_text(base_ / "data/list.tsv", "filepath\ttitle\n" + picture + "\tx\n");
    return open({.kind = SourceKind::kTable,
                 .path = (base_ / "data/list.tsv").string(),
                 .image_root = image_root});
  }
};

TEST_F(ManifestFolder, IsTheManifestsOwnByDefault) {
  const WorkingDirectory here(base_ / "elsewhere");
  EXPECT_EQ(open_table("a.png")->sample(0, 0).image.width, 24);
}

TEST_F(ManifestFolder, IsImageRootWhenGiven) {
  EXPECT_EQ(open_table("c.png", base_ / "elsewhere")->sample(0, 0).image.width, 24);
  expect_error(ErrorKind::kMissingInput, {.what = "image folder"},
               [&] { open_table("c.png", base_ / "absent"); });
}

TEST_F(ManifestFolder, IsTheWorkingDirectoryWhenOnlyThatHoldsThePicturesAndSaysSo) {
  const LogFile log(base_ / "log");
  const WorkingDirectory here(base_.path());
  EXPECT_EQ(open_table("data/a.png")->sample(0, 0).image.width, 24);
  const std::string text = read_file(base_ / "log");
  EXPECT_NE(text.find("working directory, " + fs::current_path().string()), std::string::npos)
      << text;
}

TEST_F(ManifestFolder, GuardsAgainstPathsThatLeadOut) {
  const auto source = open_table("../elsewhere/c.png");
  expect_error(ErrorKind::kData, {.hint = "allow_outside_root", .reason = "outside root"},
               [&] { (void)source->sample(0, 0); });
}

}  // namespace
}  // namespace tandem
