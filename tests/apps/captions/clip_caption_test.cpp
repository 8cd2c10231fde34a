#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// The model of a short run of task.kind captioner; trained once.
const fs::path& captioner() {
  static const TemporaryFolder folder;
  static const fs::path model = [] {
    Json config = tiny_config(folder / "runs", 60);
    config["task"]["kind"] = "captioner";
    config["model"] = {
        {"towers", "image"},
        {"image", {{"width", 16}, {"layers", 1}, {"heads", 2}, {"patch_size", 16}}},
        {"decoder", {{"width", 32}, {"layers", 1}, {"heads", 2}, {"context_length", 24}}}};
    config["optim"]["lr"] = 0.01;
    train(folder.path(), config, {"captions/unseen_true"});
    return folder.path() / "runs" / "tiny" / "model";
  }();
  return model;
}

class ClipCaption : public ::testing::Test {
 protected:
  ClipCaption() {
    fs::create_directories(images());
    draw_png(images() / "b.png", {.shape = "circle", .red = 220});
    draw_png(images() / "a.png", {.shape = "square", .blue = 220});
    draw_png(images() / "c.png", {.shape = "square", .green = 200});
  }
  [[nodiscard]] fs::path images() const { return folder_ / "images"; }
  [[nodiscard]] ProgramResult caption(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--model", captioner().string(), "--images",
                                         images().string(), "--device", "cpu"});
    return run_program("clip-caption", arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(ClipCaption, WritesEveryImageInEveryFormat) {
  const ProgramResult jsonl = caption({"--format", "jsonl"});
  ASSERT_EQ(jsonl.exit_code, 0) << jsonl.err;
  const std::vector<std::string> lines = lines_of(jsonl.out);
  ASSERT_EQ(lines.size(), 3U);
  const std::vector<std::string> text = lines_of(caption({}).out);
  const std::vector<std::string> csv = lines_of(caption({"--format", "csv"}).out);
  ASSERT_EQ(text.size(), 3U);
  ASSERT_EQ(csv.size(), 4U);
  EXPECT_EQ(csv[0], "image,caption,score,error");
  for (size_t i = 0; i < 3; ++i) {
    const Json record = Json::parse(lines[i]);
    const std::string image = record["image"], words = record["caption"];
    EXPECT_EQ(image, (images() / (std::string(1, static_cast<char>('a' + i)) + ".png")).string());
    EXPECT_FALSE(words.empty());
    EXPECT_LT(record["score"], 0.0);
    EXPECT_EQ(text[i], image + "\t" + words);
    EXPECT_EQ(csv[i + 1].rfind(image + "," + words + ",", 0), 0U) << csv[i + 1];
  }
}

TEST_F(ClipCaption, CaptionsDoNotDependOnTheBatch) {
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--beams", "3"}, {"--top-p", "0.9", "--seed", "4"}}) {
    std::vector<std::string> alone = options;
    alone.insert(alone.end(), {"--batch-size", "1"});
    const ProgramResult expected = caption(options), actual = caption(alone);
    ASSERT_EQ(expected.exit_code, 0) << expected.err;
    EXPECT_EQ(expected.out, actual.out);
    EXPECT_EQ(lines_of(expected.out).size(), 3U);
  }
  EXPECT_NE(caption({"--top-p", "1", "--temperature", "3", "--seed", "4"}).out,
            caption({"--top-p", "1", "--temperature", "3", "--seed", "5"}).out);
}

TEST_F(ClipCaption, NamesInvalidImagesAndWritesTheOthers) {
  write_text(images() / "bad.png", "no image");
  const ProgramResult result = caption({"--format", "jsonl"});
  EXPECT_EQ(result.exit_code, 65);
  const std::vector<std::string> lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(Json::parse(lines[2]).contains("error")) << lines[2];
  for (const size_t i : {size_t{0}, size_t{1}, size_t{3}})
    EXPECT_FALSE(Json::parse(lines[i])["caption"].get<std::string>().empty());
  EXPECT_NE(result.err.find("bad.png"), std::string::npos);
  EXPECT_NE(result.err.find("3 captions"), std::string::npos);
  EXPECT_NE(result.err.find("1 images left out"), std::string::npos);
}

TEST_F(ClipCaption, GoesOnFromAPrompt) {
  const std::vector<std::string> free = lines_of(caption({"--max-tokens", "4"}).out);
  const std::vector<std::string> led =
      lines_of(caption({"--prompt", "a photo of", "--max-tokens", "4"}).out);
  ASSERT_EQ(led.size(), free.size());
  for (const std::string& line : led) EXPECT_EQ(line.find("a photo of"), std::string::npos) << line;
}

// A killed program leaves OUTPUT.unfinished; the next one writes the rest only.
TEST_F(ClipCaption, ResumesAfterAKill) {
  for (int i = 0; i < 600; ++i)
    fs::copy_file(images() / "a.png", images() / ("more" + std::to_string(i) + ".png"));
  const auto arguments_for = [&](const std::string& output) {
    return std::vector<std::string>{"--model",      captioner().string(),
                                    "--images",     images().string(),
                                    "--device",     "cpu",
                                    "--format",     "jsonl",
                                    "--batch-size", "1",
                                    "--output",     output};
  };
  const std::string whole = (folder_ / "whole.jsonl").string();
  const std::string output = (folder_ / "captions.jsonl").string();
  ASSERT_EQ(run_program("clip-caption", arguments_for(whole)).exit_code, 0);
  RunningProgram killed("clip-caption", arguments_for(output));
  while (lines_of(read_text(output + ".unfinished")).size() < 20 && !fs::exists(output))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  killed.send(SIGKILL);
  ASSERT_EQ(killed.finish().exit_code, 128 + SIGKILL);
  ASSERT_FALSE(fs::exists(output));

  const std::string half_line = "{\"image\": \"mo";
  write_text(output + ".unfinished", read_text(output + ".unfinished") + half_line);
  const ProgramResult resumed = run_program("clip-caption", arguments_for(output));
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("Resuming after"), std::string::npos) << resumed.err;
  EXPECT_EQ(read_text(output), read_text(whole));
  EXPECT_FALSE(fs::exists(output + ".unfinished"));
}

TEST_F(ClipCaption, RefusesAnUnfinishedOutputOfOtherOptions) {
  const std::string output = (folder_ / "captions.txt").string();
  write_text(output + ".unfinished", "0123456789abcdef\n");
  const ProgramResult result = caption({"--output", output});
  EXPECT_EQ(result.exit_code, 64) << result.err;
  EXPECT_NE(result.err.find("captions.txt.unfinished"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(output));
}

TEST_F(ClipCaption, RefusesWhatCannotBe) {
  std::string long_prompt;
  for (int i = 0; i < 40; ++i) long_prompt += "a red circle ";
  struct Case {
    std::vector<std::string> arguments;
    std::string named;
  };
  for (const Case& each : {
           Case{{"--beams", "2", "--top-p", "0.5"}, "--top-p"},
           Case{{"--beams", "0"}, "--beams"},
           Case{{"--beams", "5000"}, "beams"},
           Case{{"--top-p", "1.5"}, "top_p"},
           Case{{"--top-p", "0.5", "--temperature", "0"}, "temperature"},
           Case{{"--max-tokens", "-1"}, "--max-tokens"},
           Case{{"--max-tokens", "1000"}, "max_new_tokens"},
           Case{{"--min-tokens", "30"}, "min_new_tokens"},
           Case{{"--repetition-penalty", "0"}, "repetition_penalty"},
           Case{{"--no-repeat-ngram", "-1"}, "--no-repeat-ngram"},
           Case{{"--prompt", long_prompt}, "prompt"},
           Case{{"--format", "xml"}, "--format"},
       }) {
    const ProgramResult result = caption(each.arguments);
    EXPECT_EQ(result.exit_code, 64) << each.named << ": " << result.err;
    EXPECT_NE(result.err.find(each.named), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "") << each.named;
  }
}

TEST_F(ClipCaption, NeedsAModelWithADecoder) {
  const ProgramResult result = run_program(
      "clip-caption",
      {"--model", trained_model().string(), "--images", images().string(), "--device", "cpu"});
  EXPECT_EQ(result.exit_code, 64);
  EXPECT_NE(result.err.find("decoder"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace tandem::test
