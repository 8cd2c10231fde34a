#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ClipEmbed : public ::testing::Test {
 protected:
  ClipEmbed() {
    fs::create_directories(folder_ / "pictures");
    for (int i = 0; i < 3; ++i) {
      draw_png(folder_ / "pictures" / (std::to_string(i) + ".png"),
               {.shape = i == 1 ? "square" : "circle", .red = 60 * i});
    }
  }
  [[nodiscard]] ProgramResult embed(std::vector<std::string> arguments,
                                    std::string_view input = {}) const {
    arguments.insert(arguments.begin(),
                     {"--model", trained_model().string(), "--output", output().string()});
    return run_program("clip-embed", arguments, input);
  }
  [[nodiscard]] fs::path output() const { return folder_ / "embeddings"; }
  [[nodiscard]] std::string pictures() const { return (folder_ / "pictures").string(); }
  [[nodiscard]] std::vector<Json> metadata() const {
    std::vector<Json> rows;
    for (const std::string& line : lines_of(read_text(output() / "metadata" / "metadata_0.jsonl")))
      rows.push_back(Json::parse(line));
    return rows;
  }
  /// Checks a .npy file's header and returns what follows it.
  static std::string npy_body(const fs::path& path, const std::string& type,
                              const std::string& shape) {
    const std::string bytes = read_text(path);
    EXPECT_EQ(bytes.substr(0, 6), "\x93NUMPY");
    const size_t header =
        static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
    const std::string text = bytes.substr(10, header);
    EXPECT_NE(text.find(type), std::string::npos) << text;
    EXPECT_NE(text.find(shape), std::string::npos) << text;
    return bytes.substr(10 + header);
  }

  TemporaryFolder folder_;
};

TEST_F(ClipEmbed, WritesPicturesInHalfPrecision) {
  const ProgramResult result = embed({"--images", pictures()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(npy_body(output() / "img_emb" / "img_emb_0.npy", "'<f2'", "(3, 16)").size(),
            3 * 16 * 2U);
  EXPECT_FALSE(fs::exists(output() / "text_emb"));
  const auto rows = metadata();
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1]["image_path"], pictures() + "/1.png");
}

TEST_F(ClipEmbed, WritesTextsFromStandardInputInSinglePrecision) {
  const ProgramResult result =
      embed({"--texts", "-", "--dtype", "float32"}, "a red circle\ntwo words\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string body = npy_body(output() / "text_emb" / "text_emb_0.npy", "'<f4'", "(2, 16)");
  ASSERT_EQ(body.size(), 2 * 16 * 4U);
  double squares = 0;
  for (size_t i = 0; i < 16; ++i) {
    float value = 0;
    std::memcpy(&value, body.data() + 4 * i, 4);
    squares += static_cast<double>(value) * value;
  }
  EXPECT_NEAR(squares, 1.0, 1e-4);
  EXPECT_EQ(metadata()[1], (Json{{"caption", "two words"}}));
}

TEST_F(ClipEmbed, KeepsALineOfTextThatHoldsANulByte) {
  const ProgramResult result =
      embed({"--texts", "-"}, std::string("one\nbad\0 caption\nthree\n", 23));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(metadata().size(), 3U);
  EXPECT_EQ(metadata()[2], (Json{{"caption", "three"}}));
}

TEST_F(ClipEmbed, TellsLinesOfTextThatAreNotUtf8) {
  const ProgramResult result = embed({"--texts", "-"}, "one\nZ\xFCrich\nSchlo\xDF\n");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("2 lines are not UTF-8, the first is line 2"), std::string::npos)
      << result.err;
  EXPECT_EQ(metadata().size(), 3U);
}

TEST_F(ClipEmbed, WritesBothSidesOfASourceRowByRow) {
  write_text(folder_ / "pictures" / "pairs.tsv",
             "filepath\ttitle\n0.png\tfirst\nbad.png\tsecond\n2.png\tthird\n");
  write_text(folder_ / "pictures" / "bad.png", "nothing");
  write_text(folder_ / "data.json",
             Json{{"kind", "table"}, {"path", pictures() + "/pairs.tsv"}}.dump());
  const ProgramResult result = embed({"--data", (folder_ / "data.json").string()});
  EXPECT_EQ(result.exit_code, 65) << "one picture is left out: " << result.err;
  EXPECT_NE(result.err.find("bad.png"), std::string::npos) << result.err;
  EXPECT_EQ(npy_body(output() / "img_emb" / "img_emb_0.npy", "'<f2'", "(2, 16)").size(), 64U);
  EXPECT_EQ(npy_body(output() / "text_emb" / "text_emb_0.npy", "'<f2'", "(2, 16)").size(), 64U);
  const auto rows = metadata();
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["caption"], "first");
  EXPECT_EQ(rows[1]["caption"], "third");
}

TEST_F(ClipEmbed, TellsMissingFromDamaged) {
  EXPECT_EQ(embed({"--images", pictures() + "/none.png", pictures() + "/0.png"}).exit_code, 66);
  fs::remove_all(output());
  write_text(folder_ / "pictures" / "bad.png", "nothing");
  EXPECT_EQ(embed({"--images", pictures() + "/none.png", pictures()}).exit_code, 65);
}

TEST_F(ClipEmbed, NeverTouchesAFolderThatHoldsSomething) {
  fs::create_directories(output());
  write_text(output() / "precious.txt", "mine");
  EXPECT_EQ(embed({"--images", pictures()}).exit_code, 73);
  EXPECT_EQ(read_text(output() / "precious.txt"), "mine");
}

TEST_F(ClipEmbed, AFailureLeavesNoFolder) {
  EXPECT_EQ(embed({"--images", pictures(), "--texts", "-"}).exit_code, 64);
  EXPECT_EQ(embed({}).exit_code, 64);
  EXPECT_EQ(embed({"--texts", "no/such/file"}).exit_code, 66);
  EXPECT_EQ(embed({"--texts", "-"}).exit_code, 65);
  EXPECT_FALSE(fs::exists(output()));
  EXPECT_EQ(folder_.entries(), 1U) << "nothing but the pictures";
}

}  // namespace
}  // namespace tandem::test
