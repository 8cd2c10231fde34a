#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

using Json = nlohmann::json;

Json bench(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--warmup", "0", "--repeats", "2", "--threads", "1"});
  const ProgramResult result = run_program("clip-bench", arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? Json::parse(result.out) : Json::object();
}

const std::vector<std::string> kTiny = {"--image-preset", "tandem_tiny", "--text-preset",
                                        "tandem_tiny"};

std::vector<std::string> with_tiny(std::vector<std::string> words) {
  words.insert(words.end(), kTiny.begin(), kTiny.end());
  return words;
}

void expect_measured(const Json& result, const std::string& rate) {
  ASSERT_TRUE(result.contains("seconds")) << result;
  EXPECT_GT(result["seconds"]["median"], 0.0);
  EXPECT_GE(result["seconds"]["max"], result["seconds"]["min"]);
  EXPECT_GT(result[rate], 0.0);
  EXPECT_GT(result["flops"], 0.0);
  EXPECT_GT(result["share_of_machine"], 0.0);
  EXPECT_EQ(result["machine"]["threads"], 1);
}

TEST(ClipBench, MeasuresBothTowersAndAStep) {
  expect_measured(bench(with_tiny({"encode-image", "--batch-size", "3"})), "images_per_second");
  expect_measured(bench(with_tiny({"encode-text", "--batch-size", "3"})), "texts_per_second");
  expect_measured(bench(with_tiny({"train-step", "--batch-size", "4"})), "pairs_per_second");
}

TEST(ClipBench, ComputesTheSameLossInBothForms) {
  for (const std::string kind : {"info_nce", "sigmoid"}) {
    const std::vector<std::string> words = {"loss", "--count", "70", "--dim", "8", "--kind", kind};
    std::vector<std::string> plain_words = words;
    plain_words.emplace_back("--plain");
    const Json tiled = bench(words), plain = bench(plain_words);
    expect_measured(tiled, "pairs_per_second");
    EXPECT_NEAR(tiled["loss"].get<double>(), plain["loss"].get<double>(), 1e-4) << kind;
  }
}

// The presets' special ids belong to their own vocabularies, not to the one that is made here.
TEST(ClipBench, MeasuresAStartWithAVocabularyOfItsOwn) {
  const TemporaryFolder folder;
  Json config = tiny_config(folder / "run", 1);
  config["model"]["text"].update(Json{{"vocab_size", 49408}, {"bos_id", 49406}, {"eos_id", 49407}});
  write_text(folder / "run.json", config.dump());
  const Json result = bench({"cold-start", "--config", (folder / "run.json").string()});
  EXPECT_GT(result.at("starts_per_second").get<double>(), 0.0);
}

TEST(ClipBench, MeasuresEveryKernel) {
  const Json result = bench(
      {"kernels", "--tile-rows", "64", "--tile-columns", "32", "--rows", "8", "--width", "32"});
  ASSERT_TRUE(result.contains("kernels"));
  int products = 0;
  for (const Json& row : result["kernels"]) {
    EXPECT_GT(row["seconds"], 0.0) << row;
    products += row.contains("share_of_machine") ? 1 : 0;
  }
  EXPECT_GE(products, 1);
}

TEST(ClipBench, ChecksWhatAStartIsMeasuredWith) {
  const TemporaryFolder folder;
  const std::string model = trained_model().string(), none = (folder / "none").string();
  draw_png(folder / "a.png", {.red = 200});
  const std::string picture = (folder / "a.png").string();
  const auto code = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "cold-start");
    return run_program("clip-bench", arguments).exit_code;
  };
  EXPECT_EQ(code({"--model", model, "--image", none}), 66);
  EXPECT_EQ(code({"--model", none, "--image", picture}), 66);
  EXPECT_EQ(code({"--model", model}), 64);
}

TEST(ClipBench, SaysThatMemoryIsShort) {
  const ProgramResult result =
      run_program("clip-bench", with_tiny({"encode-image", "--batch-size", "1000000000000"}));
  EXPECT_EQ(result.exit_code, 70);
  EXPECT_EQ(result.err, "error: out of memory. Try: a smaller batch size\n");
}

TEST(ClipBench, SaysWhichNumbersItTakes) {
  for (const char* number : {"0", "-1", "many", "1.5", "99999999999999999999"}) {
    const ProgramResult result =
        run_program("clip-bench", {"encode-image", "--batch-size", number});
    EXPECT_EQ(result.exit_code, 64) << number;
    EXPECT_NE(result.err.find("--batch-size: expected a whole number at least 1, found " +
                              std::string(number)),
              std::string::npos)
        << result.err;
  }
}

TEST(ClipBench, SaysWhichDeviceIsMissing) {
  for (const char* verb : {"encode-image", "encode-text", "train-step", "loss", "kernels"}) {
    const ProgramResult result = run_program("clip-bench", {verb, "--device", "cuda:99"});
    EXPECT_EQ(result.exit_code, 69) << verb;
    EXPECT_NE(result.err.find("cuda:99 is not available"), std::string::npos) << result.err;
  }
}

TEST(ClipBench, MeasuresInEightBitsAndWhatTheyCost) {
  const Json result =
      bench(with_tiny({"encode-image", "--batch-size", "3", "--precision", "int8"}));
  expect_measured(result, "images_per_second");
  EXPECT_GT(result["cosine_to_fp32"], 0.99);
  EXPECT_LT(result["cosine_to_fp32"], 1.0);
}

TEST(ClipBench, TakesLengthsFromAFile) {
  const TemporaryFolder folder;
  const std::string file = (folder / "lengths.txt").string();
  write_text(file, "4\n8\n");
  const Json result = bench(with_tiny({"encode-text", "--batch-size", "4", "--lengths", file}));
  EXPECT_EQ(result["mean_tokens"], 6.0);
  write_text(file, "4\nmany\n");
  const ProgramResult refused =
      run_program("clip-bench", with_tiny({"encode-text", "--lengths", file}));
  EXPECT_EQ(refused.exit_code, 65);
  EXPECT_NE(refused.err.find("lengths.txt:2"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace tandem::test
