#include <filesystem>
#include <set>

#include <gtest/gtest.h>

#include <zlib.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

std::string big_endian(size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

std::string png_chunk(const std::string& type, const std::string& payload) {
  const std::string summed = type + payload;
  return big_endian(payload.size()) + summed +
         big_endian(crc32_z(0, reinterpret_cast<const Bytef*>(summed.data()), summed.size()));
}

class ClipData : public ::testing::Test {
 protected:
  ClipData() { write_text(config(), tiny_config(folder_ / "runs", 10).dump()); }

  [[nodiscard]] ProgramResult export_data(std::vector<std::string> more) const {
    more.insert(more.begin(), {"export", "--config", config(), "--output", output().string()});
    return run_program("clip-data", more);
  }
  [[nodiscard]] std::string config() const { return (folder_ / "config.json").string(); }
  [[nodiscard]] fs::path output() const { return folder_ / "pictures"; }

  TemporaryFolder folder_;
};

TEST_F(ClipData, ExportsPicturesThatTrainAsATable) {
  const ProgramResult exported = export_data({"--count", "32"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const std::vector<std::string> rows = lines_of(read_text(output() / "captions.tsv"));
  ASSERT_EQ(rows.size(), 33U);
  EXPECT_EQ(rows.front(), "filepath\ttitle");
  EXPECT_TRUE(fs::exists(output() / rows[1].substr(0, rows[1].find('\t'))));

  nlohmann::json table = tiny_config(folder_ / "runs", 3);
  table["data"]["train"] = {{"kind", "table"}, {"path", (output() / "captions.tsv").string()}};
  write_text(folder_ / "table.json", table.dump());
  const ProgramResult trained =
      run_program("clip-train", {"--config", (folder_ / "table.json").string()});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
}

TEST_F(ClipData, ExportsOneFolderPerClassAndTheListOfClasses) {
  const ProgramResult exported =
      export_data({"--count", "24", "--set", "data.train.shapes.split=unseen"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  const std::vector<std::string> names = lines_of(read_text(output() / "classes.txt"));
  EXPECT_EQ(names.size(), 64U);
  const std::set<std::string> classes(names.begin(), names.end());
  int folders = 0;
  for (const auto& entry : fs::directory_iterator(output())) {
    if (!entry.is_directory()) continue;
    ++folders;
    EXPECT_TRUE(classes.contains(entry.path().filename().string())) << entry.path();
  }
  EXPECT_GT(folders, 1);
  EXPECT_LE(folders, 12);  // the held-out pairs
}

TEST_F(ClipData, ExportingTwiceGivesTheSameBytes) {
  ASSERT_EQ(export_data({"--count", "3"}).exit_code, 0);
  const std::string table = read_text(output() / "captions.tsv");
  const std::string picture = lines_of(table)[1].substr(0, lines_of(table)[1].find('\t'));
  const std::string bytes = read_text(output() / picture);
  fs::remove_all(output());
  ASSERT_EQ(export_data({"--count", "3"}).exit_code, 0);
  EXPECT_EQ(read_text(output() / "captions.tsv"), table);
  EXPECT_EQ(read_text(output() / picture), bytes);
}

TEST_F(ClipData, LeavesOutWhatCannotBeUsedAndSaysSo) {
  draw_png(folder_ / "good.png", {.red = 200});
  write_text(folder_ / "bad.png", "<html>no picture</html>");
  write_text(folder_ / "captions.tsv", "filepath\ttitle\ngood.png\ta circle\nbad.png\ta page\n");
  const ProgramResult exported =
      export_data({"--set", "data.train.kind=table", "--set",
                   "data.train.path=" + (folder_ / "captions.tsv").string()});
  EXPECT_EQ(exported.exit_code, 65);
  EXPECT_NE(exported.err.find("HTML"), std::string::npos) << exported.err;
  EXPECT_EQ(lines_of(read_text(output() / "captions.tsv")).size(), 2U);
  EXPECT_FALSE(fs::exists(output() / "classes.txt"));
}

/// libpng warns of the first two files and gives up the third.
TEST_F(ClipData, SaysWhatAPngIsInItsOwnWords) {
  constexpr size_t kHeaderEnd = 33;
  constexpr size_t kEndBytes = 12;
  draw_png(folder_ / "profile.png", {.red = 200});
  const std::string png = read_text(folder_ / "profile.png");
  const std::string body = png.substr(0, png.size() - kEndBytes);
  const std::string profile = png_chunk("iCCP", std::string("name\0\0no profile", 16));
  write_text(folder_ / "profile.png", std::string(png).insert(kHeaderEnd, profile));
  write_text(folder_ / "end.png", body + png_chunk("IEND", "?"));
  write_text(folder_ / "bad.png",
             png.substr(0, kHeaderEnd) + png_chunk("IDAT", "no stream") + png_chunk("IEND", ""));
  write_text(folder_ / "all.tsv",
             "filepath\ttitle\nprofile.png\tone\nend.png\ttwo\nbad.png\tthree\n");
  const ProgramResult checked =
      run_program("clip-data", {"check", "--config", config(), "--set", "data.train.kind=table",
                                "--set", "data.train.path=" + (folder_ / "all.tsv").string()});
  EXPECT_EQ(checked.exit_code, 65);
  EXPECT_NE(checked.out.find("2 usable"), std::string::npos) << checked.out;
  EXPECT_NE((checked.out + checked.err).find("damaged PNG"), std::string::npos) << checked.err;
  EXPECT_EQ(checked.err.find("libpng"), std::string::npos) << checked.err;
}

TEST_F(ClipData, RefusesAnOccupiedOutputAndASplitThatIsNotThere) {
  fs::create_directories(output());
  write_text(output() / "notes.txt", "somebody's");
  EXPECT_EQ(export_data({}).exit_code, 73);
  fs::remove_all(output());
  const ProgramResult result = export_data({"--split", "validation"});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_NE(result.err.find("data.validation.kind"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace tandem::test
