#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;

TEST(ClipDoctor, DescribesTheMachine) {
  const ProgramResult text = run_program("clip-doctor", {});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("libtorch"), std::string::npos) << text.out;
  const ProgramResult json = run_program("clip-doctor", {"--format", "json"});
  const auto parsed = nlohmann::json::parse(json.out);
  for (const char* section : {"versions", "devices", "cpu", "pictures", "limits"})
    EXPECT_TRUE(parsed.contains(section)) << section;
  for (const char* precision : {"bf16", "int8"})
    EXPECT_GT(std::stod(parsed["products on the CPU"][precision].get<std::string>()), 0.0);
}

TEST(ClipDoctor, ChecksItsOptionsWithoutAModel) {
  EXPECT_EQ(run_program("clip-doctor", {"--device", "gpu"}).exit_code, 64);
  EXPECT_EQ(run_program("clip-doctor", {"--device", "cuda:99"}).exit_code, 69);
  EXPECT_EQ(run_program("clip-doctor", {"--precision", "foo"}).exit_code, 64);
}

TEST(ClipDoctor, RunsTheGoldenSampleOfAModel) {
  const TemporaryFolder folder;
  fs::copy(trained_model(), folder / "model", fs::copy_options::recursive);
  const ProgramResult good =
      run_program("clip-doctor", {"--model", (folder / "model").string(), "--format", "json"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(nlohmann::json::parse(good.out).at("model").at("tokenizer gives the golden ids"),
            "yes");

  // The last tensor's last bytes: some weight becomes another one.
  const fs::path weights = folder / "model" / "model.safetensors";
  std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-40, std::ios::end);
  for (int i = 0; i < 10; ++i) file.write("\x00\x00\x80\x40", 4);
  file.close();
  const ProgramResult bad = run_program("clip-doctor", {"--model", (folder / "model").string()});
  EXPECT_EQ(bad.exit_code, 65) << bad.out;
  EXPECT_NE(bad.out.find("NOT THE SAME NUMBERS"), std::string::npos) << bad.out;

  fs::remove(folder / "model" / "golden.safetensors");
  const ProgramResult none = run_program("clip-doctor", {"--model", (folder / "model").string()});
  EXPECT_EQ(none.exit_code, 65);
  EXPECT_NE(none.err.find("no golden sample"), std::string::npos) << none.err;
}

TEST(ClipDoctor, NamesWeightsThatAreNotFinite) {
  const TemporaryFolder folder;
  const fs::path model = folder / "model";
  fs::copy(trained_model(), model, fs::copy_options::recursive);
  std::fstream file(model / "model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-4, std::ios::end);
  file.write("\x00\x00\xC0\x7F", 4);  // NaN
  file.close();
  const ProgramResult bad = run_program("clip-doctor", {"--model", model.string()});
  EXPECT_EQ(bad.exit_code, 65) << bad.out;
  EXPECT_NE(bad.out.find("text_projector"), std::string::npos) << bad.out;
  const ProgramResult converted =
      run_program("clip-convert", {"--from", "tandem", "--to", "hf", "--input", model.string(),
                                   "--output", (folder / "out").string()});
  EXPECT_EQ(converted.exit_code, 65) << converted.out;
  EXPECT_NE(converted.err.find("weights that are not finite"), std::string::npos) << converted.err;
  EXPECT_FALSE(fs::exists(folder / "out"));
}

}  // namespace
}  // namespace tandem::test
