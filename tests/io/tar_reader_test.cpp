#include "io/tar/tar_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/expect_error.h"
#include "core/temporary_folder.h"
#include "io/tar/tar_header.h"
#include "io/tar/tar_writer.h"
#include "tandem/core/files.h"

namespace tandem {
namespace {

/// Sets a field of the header that `tar` begins with and mends its checksum.
std::string patched(std::string tar, size_t at, std::string_view field) {
  tar.replace(at, field.size(), field);
  tar.replace(148, 8, "        ");
  uint64_t sum = 0;
  for (size_t i = 0; i < kTarBlock; ++i) sum += static_cast<unsigned char>(tar[i]);
  return tar.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
}

/// A member of another type, with `type` in the header's type field.
std::string of_type(char type, const std::string& name, const std::string& content = {}) {
  return patched(tar_member(name, content), 156, std::string_view(&type, 1));
}

struct Walk {
  std::vector<std::string> names;
  std::vector<std::string> contents;
  std::map<std::string, uint64_t> ignored;
  std::string problem;
  std::string cut_name;
};

Walk walk(const std::string& tar) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.tar", tar);
  const FileReader file(folder / "a.tar");
  TarReader reader(file);
  Walk found;
  for (TarMember member; reader.next(member);) {
    found.names.push_back(member.name);
    found.contents.push_back(file.read(member.offset, member.size));
  }
  found.ignored = reader.ignored();
  found.problem = reader.problem();
  found.cut_name = reader.cut_name();
  return found;
}

using Names = std::vector<std::string>;
using Counts = std::map<std::string, uint64_t>;

TEST(TarReader, FindsWhatTheWriterWrote) {
  const std::string large(20000, 'x');
  const std::string longer = "folder/" + std::string(95, 'n') + ".jpg";
  const Walk found = walk(tar_member("a.jpg", "one") + tar_member("b.txt", "") +
                          tar_member("c.bin", large) + tar_member(longer, "two") + tar_end());
  EXPECT_EQ(found.names, (Names{"a.jpg", "b.txt", "c.bin", longer}));
  EXPECT_EQ(found.contents, (Names{"one", "", large, "two"}));
  EXPECT_TRUE(found.ignored.empty());
  EXPECT_EQ(found.problem, "");
}

TEST(TarReader, ToleratesMissingEndBlocksAndStopsAtThem) {
  EXPECT_EQ(walk(tar_member("a", "1")).names, (Names{"a"}));
  EXPECT_EQ(walk(tar_member("a", "1") + tar_end() + tar_member("b", "2")).names, (Names{"a"}));
  EXPECT_TRUE(walk(tar_end()).names.empty());
  EXPECT_TRUE(walk("").names.empty());
}

TEST(TarReader, PassesOverWhatIsNoRegularFile) {
  const Walk found = walk(of_type('1', "hard") + of_type('2', "soft") + of_type('3', "char") +
                          of_type('4', "block") + of_type('5', "folder/") + of_type('6', "fifo") +
                          of_type('S', "sparse", "data") + of_type('Z', "odd", "data") +
                          of_type('7', "contiguous", "c") + of_type('\0', "old", "o") +
                          of_type('\0', "dir/") + tar_member("last", "l"));
  EXPECT_EQ(found.names, (Names{"contiguous", "old", "last"}));
  EXPECT_EQ(found.contents, (Names{"c", "o", "l"}));
  EXPECT_EQ(found.ignored, (Counts{{"hard link", 1},
                                   {"symbolic link", 1},
                                   {"device", 2},
                                   {"pipe", 1},
                                   {"sparse file", 1},
                                   {"unknown type", 1}}));
}

TEST(TarReader, DoesNotTrustASizeOnALink) {
  const std::string link = patched(of_type('2', "soft"), 124, "00000010000");
  EXPECT_EQ(walk(link + tar_member("next", "n")).names, (Names{"next"}));
}

TEST(TarReader, TakesLongNamesFromPaxAndGnuHeaders) {
  const std::string name = "k/" + std::string(300, 'p') + ".txt";
  std::string record = " path=" + name + "\n";
  record = std::to_string(record.size() + 3) + record;
  const Walk pax =
      walk(of_type('x', "pax", record) + tar_member("short", "1") + tar_member("plain", "2"));
  EXPECT_EQ(pax.names, (Names{name, "plain"}));
  const Walk gnu = walk(of_type('L', "././@LongLink", name + '\0') + tar_member("short", "1"));
  EXPECT_EQ(gnu.names, (Names{name}));
  EXPECT_EQ(walk(of_type('g', "global", "11 a=bcdef\n") + tar_member("a", "1")).names,
            (Names{"a"}));
  EXPECT_EQ(walk(of_type('x', "pax", "22 GNU.sparse.major=1\n") + tar_member("s", "1")).ignored,
            (Counts{{"sparse file", 1}}));
}

TEST(TarReader, PassesOverOddNames) {
  std::string huge = " path=" + std::string(65536, 'x') + "\n";
  huge = std::to_string(huge.size() + 5) + huge;
  const Walk found =
      walk(tar_member("/etc/passwd", "x") + tar_member("a/../../b", "x") + tar_member("..", "x") +
           tar_member("b\xFF.jpg", "x") + tar_member("new\nline", "x") + of_type('x', "pax", huge) +
           tar_member("c", "x") + tar_member("..good", "x"));
  EXPECT_EQ(found.names, (Names{"..good"}));
  EXPECT_EQ(found.ignored, (Counts{{"odd name", 6}}));
}

TEST(TarReader, SaysWhereATarIsCut) {
  const std::string whole = tar_member("a", "1") + tar_member("b", std::string(2000, 'b'));
  const Walk inside = walk(whole.substr(0, whole.size() - 1000));
  EXPECT_EQ(inside.names, (Names{"a"}));
  EXPECT_EQ(inside.cut_name, "b");
  EXPECT_NE(inside.problem.find("truncated inside \"b\""), std::string::npos) << inside.problem;
  const Walk header = walk(whole + std::string(100, 'x'));
  EXPECT_EQ(header.names, (Names{"a", "b"}));
  EXPECT_NE(header.problem.find("truncated in a header"), std::string::npos) << header.problem;
  std::string damaged = whole;
  damaged[1024 + 3] ^= 1;
  EXPECT_EQ(walk(damaged).names, (Names{"a"}));
  EXPECT_EQ(walk(damaged).problem, "damaged header at byte 1024");
}

TEST(TarReader, NamesAPaxSizeThatIsNoSize) {
  const auto walk_with = [](const std::string& size) {
    std::string record = " size=" + size + "\n";
    record = std::to_string(record.size() + 2) + record;
    return walk(tar_member("first", "1") + of_type('x', "pax", record) + tar_member("a", "1"));
  };
  for (const char* size : {"-5", "1x", "0x10", " 1", "1.0", "99999999999999999999"}) {
    const Walk found = walk_with(size);
    EXPECT_EQ(found.names, (Names{"first"})) << size;
    EXPECT_NE(found.problem.find(fmt::format("the pax size \"{}\" is not a size", size)),
              std::string::npos)
        << found.problem;
  }
  const std::string same = " size=1\n";
  EXPECT_EQ(walk(of_type('x', "pax", "10" + same.substr(0, 7) + "\n") + tar_member("a", "1")).names,
            (Names{"a"}));
}

TEST(TarReader, RefusesSizesThatAreNone) {
  const std::string good = tar_member("a", "1");
  std::string huge(12, '\0');
  huge[0] = '\x80';
  huge[4] = '\x7F';
  EXPECT_NE(walk(good + patched(tar_member("b", "2"), 124, huge)).problem, "");
  EXPECT_NE(walk(good + patched(tar_member("b", "2"), 124, std::string(12, '\xFF'))).problem, "");
  EXPECT_NE(walk(good + patched(tar_member("b", "2"), 124, "99999999999")).problem, "");
  std::string small(12, '\0');
  small[0] = '\x80';
  small[11] = 1;
  EXPECT_EQ(walk(patched(tar_member("b", "2"), 124, small)).contents, (Names{"2"}));
}

TEST(TarReader, SaysWhatIsNoTar) {
  expect_error(ErrorKind::kData, {.found = "gzip"}, [] { walk("\x1F\x8B\x08 and so on"); });
  expect_error(ErrorKind::kData, {.found = "an HTML page"}, [] { walk("<!DOCTYPE html><html>"); });
  expect_error(ErrorKind::kData, {.what = "is not a tar file", .where = "a.tar"},
               [] { walk(std::string(4096, 'x')); });
}

TEST(TarHeader, ReadsPaxRecords) {
  const auto records = parse_pax("8 a=bcd\n5 b=\n");
  ASSERT_TRUE(records.has_value());
  EXPECT_EQ(records->at("a"), "bcd");
  for (const char* bad :
       {"a=b\n", "99 a=b\n", "6 a=bc\n", "5 ab\n", "2 \n", "18446744073709551616 a=b\n"})
    EXPECT_FALSE(parse_pax(bad).has_value()) << bad;
}

}  // namespace
}  // namespace tandem
