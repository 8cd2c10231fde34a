#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

using Json = nlohmann::json;

/// The golden captions as files of every layout.
class ClipDataScoring : public ::testing::Test {
 protected:
  ClipDataScoring() {
    const std::filesystem::path golden =
        std::filesystem::path(TANDEM_SOURCE_DIR) / "tests/golden/captions";
    std::ifstream file(golden / "cases.jsonl");
    std::string table = "image\tcaption\n";
    std::string lines;
    Json annotations = Json::array();
    Json images = Json::array();
    for (std::string line; std::getline(file, line);) {
      const Json row = Json::parse(line);
      const std::string image = row["image"];
      lines += Json{{"image", image}, {"caption", row["caption"]}}.dump() + "\n";
      const std::string caption = row["caption"];
      std::string quoted;
      for (const char c : caption) quoted += c == '"' ? "\"\"" : std::string(1, c);
      table.append(image).append("\t\"").append(quoted).append("\"\n");
      images.push_back({{"id", images.size()}, {"file_name", image}});
      for (const Json& reference : row["references"])
        annotations.push_back({{"image_id", images.size() - 1}, {"caption", reference}});
    }
    write_text(folder_ / "captions.jsonl", lines);
    write_text(folder_ / "captions.tsv", table);
    write_text(folder_ / "references.json",
               Json{{"annotations", annotations}, {"images", images}}.dump());
    expected_ = Json::parse(std::ifstream(golden / "scores.json"))["corpora"][0];
  }

  [[nodiscard]] ProgramResult score(const std::string& predictions, const std::string& references,
                                    std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"score-captions", "--predictions",
                                       (folder_ / predictions).string(), "--references",
                                       (folder_ / references).string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-data", arguments);
  }

  TemporaryFolder folder_;
  Json expected_;
};

TEST_F(ClipDataScoring, EqualsPycocoevalcapOnFilesOfEveryLayout) {
  for (const char* predictions : {"captions.jsonl", "captions.tsv"}) {
    const ProgramResult result = score(predictions, "references.json", {"--format", "json"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Json json = Json::parse(result.out);
    EXPECT_EQ(json["pictures"], 200);
    for (size_t n = 0; n < 4; ++n)
      EXPECT_NEAR(json["bleu_" + std::to_string(n + 1)].get<double>(),
                  expected_["bleu"][n].get<double>(), 1e-12);
    EXPECT_NEAR(json["rouge_l"].get<double>(), expected_["rouge_l"].get<double>(), 1e-12);
    EXPECT_NEAR(json["cider"].get<double>(), expected_["cider"].get<double>(), 1e-12);
  }
}

TEST_F(ClipDataScoring, PrintsATableAndWritesDetails) {
  const std::string details = (folder_ / "details.jsonl").string();
  const ProgramResult result = score("captions.jsonl", "references.json", {"--details", details});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("cider               3.7"), std::string::npos) << result.out;
  std::istringstream lines(read_text(details));
  std::string first;
  std::getline(lines, first);
  const Json json = Json::parse(first);
  EXPECT_EQ(json["image"], "0");
  EXPECT_EQ(json["caption"], "a");
  EXPECT_NEAR(json["cider"].get<double>(), 0.0903475743991303, 1e-12);
}

TEST_F(ClipDataScoring, PicturesWithoutACaptionAreAnErrorUnlessOnlyCommonOnesAreScored) {
  write_text(folder_ / "two.jsonl",
             "{\"image\": \"7.jpg\", \"caption\": \"a dog\"}\n"
             "{\"image\": \"9.jpg\", \"caption\": \"a cat\"}\n");
  const ProgramResult refused = score("two.jsonl", "references.json");
  EXPECT_EQ(refused.exit_code, 65);
  EXPECT_NE(refused.err.find("198 pictures have references and no caption"), std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("--common"), std::string::npos) << refused.err;
  const ProgramResult common = score("two.jsonl", "references.json", {"--common"});
  EXPECT_EQ(common.exit_code, 0) << common.err;
  EXPECT_NE(common.out.find("without_caption     198"), std::string::npos) << common.out;
}

TEST_F(ClipDataScoring, WrongFilesAreNamed) {
  EXPECT_EQ(score("missing.json", "references.json").exit_code, 66);
  write_text(folder_ / "broken.json", "[{\"image_id\": 1,");
  const ProgramResult broken = score("broken.json", "references.json");
  EXPECT_EQ(broken.exit_code, 65);
  EXPECT_NE(broken.err.find("broken.json"), std::string::npos) << broken.err;
}

}  // namespace
}  // namespace tandem::test
