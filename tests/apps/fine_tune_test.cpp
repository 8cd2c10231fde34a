#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// A model that clip-convert has brought in, and configurations of a few lines that start from it.
class FineTune : public ::testing::Test {
 protected:
  FineTune() {
    convert({"--from", "tandem", "--to", "hf", "--input", trained_model().string(), "--output",
             (folder_ / "hf").string()});
    convert({"--from", "hf", "--input", (folder_ / "hf").string(), "--output",
             (folder_ / "clip").string()});
  }
  static void convert(const std::vector<std::string>& arguments) {
    const ProgramResult result = run_program("clip-convert", arguments);
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  // `model` with DIR for the converted model.
  [[nodiscard]] ProgramResult train(std::string model) const {
    const std::string place = (folder_ / "clip").string();
    model.replace(model.find("DIR"), 3, place);
    write_text(folder_ / "fine.json", "{\n  \"run\": {\"output_dir\": \"" +
                                          folder_.path().string() + "\"},\n  \"model\": " + model +
                                          R"(,
  "data": {"train": {"kind": "shapes", "shapes": {"count": 256}}, "batch_size": 32},
  "optim": {"lr": 1e-5},
  "train": {"max_steps": 4, "log_every_steps": 1}
})");
    return run_program("clip-train", {"--config", (folder_ / "fine.json").string()});
  }
  // The embedding of a text, [16].
  [[nodiscard]] std::vector<float> embed(const fs::path& model) const {
    const fs::path output = folder_ / ("embeddings of " + model.parent_path().filename().string());
    const ProgramResult result =
        run_program("clip-embed",
                    {"--model", model.string(), "--output", output.string(), "--texts", "-",
                     "--dtype", "float32"},
                    "a red circle\n");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::string bytes = read_text(output / "text_emb" / "text_emb_0.npy");
    std::vector<float> embedding(16);
    std::memcpy(embedding.data(), bytes.data() + bytes.size() - 64, 64);
    return embedding;
  }
  TemporaryFolder folder_;
};

TEST_F(FineTune, AWholeModelByItsFolderAlone) {
  const ProgramResult result = train(R"({"pretrained": "DIR"})");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<float> before = embed(folder_ / "clip"),
                           after = embed(folder_ / "run" / "model");
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_NEAR(before[i], after[i], 0.02) << "it began with random weights";
  const auto of = [](const fs::path& path) { return Json::parse(read_text(path / "config.json")); };
  EXPECT_EQ(of(folder_ / "run" / "model")["model"]["text"]["width"],
            of(folder_ / "clip")["model"]["text"]["width"]);
  EXPECT_EQ(result.err.find(" replaces "), std::string::npos) << result.err;
}

TEST_F(FineTune, ATextTowerBesideANewImageTower) {
  const ProgramResult result = train(
      R"({"text": {"pretrained": "DIR", "context_length": 12}, "image": {"width": 32, "layers": 1}})");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("position table of the text tower cut"), std::string::npos)
      << result.err;
}

TEST_F(FineTune, ReportsAValueThatContradictsTheModel) {
  const ProgramResult result =
      train(R"({"pretrained": "DIR", "text": {"activation": "quick_gelu"}})");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.err.find("model.text.activation = \"quick_gelu\" replaces \"gelu\" of "),
            std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace tandem::test
