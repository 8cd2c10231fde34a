#include "data/rows/class_file.h"

#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

using Names = std::vector<std::string>;

class ClassFile : public testing::Test {
 protected:
  Names read(const std::string& content) {
    write_file_atomically(folder_ / "classes.txt", content);
    return read_class_file(folder_ / "classes.txt");
  }
  void refuses(const ErrorParts& parts, const std::string& content) {
    expect_error(ErrorKind::kData, parts, [&] { (void)read(content); });
  }
  TemporaryFolder folder_;
};

TEST_F(ClassFile, TakesOneNameALine) {
  EXPECT_EQ(read("\xEF\xBB\xBFred_circle\r\n blue square \t\nmoon"),
            (Names{"red_circle", "blue square", "moon"}));
  EXPECT_EQ(read("a\nb\n\n \n"), (Names{"a", "b"}));
}

TEST_F(ClassFile, RefusesAnEmptyLineSinceItsNumberIsTheLabel) {
  refuses({.what = "the line is empty, and the line number is the label",
           .where = "classes.txt, line 3"},
          "very nearby\nnearby\n\nfar\n");
  refuses({.hint = "write the name of class 0"}, " \na\n");
  refuses({.what = "no class name"}, "");
  refuses({.what = "no class name"}, "\n\n");
  refuses({.what = "the name is not UTF-8", .where = "line 2"}, "a\n\xFF\n");
}

TEST_F(ClassFile, StandsBesideTheShardsOrIsNamed) {
  const auto shard = folder_ / "0.tar";
  EXPECT_EQ(class_names_of_shards({}, shard), Names{});
  write_file_atomically(folder_ / "classnames.txt", "a_b\n");
  EXPECT_EQ(class_names_of_shards({}, shard), Names{"a b"});
  write_file_atomically(folder_ / "other.txt", "c\n");
  EXPECT_EQ(class_names_of_shards({.class_names = (folder_ / "other.txt").string()}, shard),
            Names{"c"});
}

TEST_F(ClassFile, GivesFoldersTheirNames) {
  const Names folders{"n01440764", "n01443537", "big_cat"};
  EXPECT_EQ(names_of_folders({}, folders), (Names{"n01440764", "n01443537", "big cat"}));
  for (const char* between : {"\t", " ", ", ", "\t "}) {
    const std::string b = between;
    write_file_atomically(folder_ / "names.txt", "big_cat" + b + "lion\nn01443537" + b +
                                                     "gold_fish\nn999" + b + "dog\nn01440764" + b +
                                                     "tench, Tinca tinca\n");
    const Names names =
        names_of_folders({.class_names = (folder_ / "names.txt").string()}, folders);
    EXPECT_EQ(names, (Names{"tench, Tinca tinca", "gold fish", "lion"})) << b;
  }
  EXPECT_EQ(names_of_folders({.classes = {"tench", "gold_fish", "big lion"}}, folders),
            (Names{"tench", "gold fish", "big lion"}));
}

TEST_F(ClassFile, NamesAFolderThatGetsNoName) {
  const Names folders{"n01440764", "n01443537"};
  expect_error(ErrorKind::kData, {.what = R"(the class folder "n01443537" has no name)"}, [&] {
    (void)names_of_folders({.classes = {"n01440764 tench", "n01443538 other"}}, folders);
  });
  expect_error(ErrorKind::kData, {.expected = "2 names in the folders' order"}, [&] {
    (void)names_of_folders({.classes = {"tench", "goldfish", "shark"}}, folders);
  });
}

}  // namespace
}  // namespace tandem
