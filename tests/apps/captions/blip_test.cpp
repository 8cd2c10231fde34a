// A model of task.kind blip in every program: it classifies, matches, writes and filters.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

/// The model of a short run of task.kind blip; trained once.
const std::string& blip_model() {
  static const TemporaryFolder folder;
  static const std::string model = [] {
    Json config = tiny_config(folder / "runs", 20);
    config["task"] = {{"kind", "blip"}, {"blip", {{"momentum", 0.9}, {"queue_size", 64}}}};
    config["model"]["text"]["pool"] = "cls";
    config["model"]["text"]["cross_attention"] = true;
    config["model"]["text"]["context_length"] = 24;
    config["model"]["decoder"] = {{"layers", 1},
                                  {"width", 16},
                                  {"heads", 2},
                                  {"context_length", 24},
                                  {"share", "all_but_self_attention"}};
    train(folder.path(), config,
          {"captions/seen_true", "matching/unseen_accuracy", "zero_shot/seen_top1"});
    return (folder.path() / "runs" / "tiny" / "model").string();
  }();
  return model;
}

class Blip : public ::testing::Test {
 protected:
  Blip() {
    fs::create_directories(images());
    draw_png(images() / "b.png", {.shape = "circle", .red = 220});
    draw_png(images() / "a.png", {.shape = "square", .blue = 220});
    draw_png(images() / "c.png", {.shape = "square", .green = 200});
    write_text(folder_ / "config.json", tiny_config(folder_ / "runs", 10).dump());
    write_text(folder_ / "noisy.jsonl",
               "{\"filepath\": \"images/a.png\", \"title\": [\"a blue square\", \"two words\"]}\n"
               "{\"filepath\": \"images/b.png\", \"title\": \"a red circle\"}\n"
               "{\"filepath\": \"images/c.png\", \"title\": \"a green square\"}\n");
  }
  [[nodiscard]] fs::path images() const { return folder_ / "images"; }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_ / name).string();
  }
  [[nodiscard]] ProgramResult filter(std::vector<std::string> more,
                                     const std::string& manifest = "noisy.jsonl") const {
    std::vector<std::string> arguments = {"filter",
                                          "--config",
                                          file("config.json"),
                                          "--set",
                                          "data.train.kind=jsonl",
                                          "--set",
                                          "data.train.path=" + file(manifest)};
    const auto give = [&](const std::string& option, const std::string& value) {
      if (std::find(more.begin(), more.end(), option) == more.end())
        arguments.insert(arguments.end(), {option, value});
    };
    give("--judge", blip_model());
    give("--scores", file("scores.jsonl"));
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-data", arguments);
  }

  TemporaryFolder folder_;
};

TEST_F(Blip, ServesEveryProgram) {
  const std::string& model = blip_model();
  const ProgramResult captions =
      run_program("clip-caption", {"--model", model, "--images", images().string()});
  EXPECT_EQ(captions.exit_code, 0) << captions.err;
  EXPECT_EQ(lines_of(captions.out).size(), 3U);
  const ProgramResult classes = run_program(
      "clip-zeroshot",
      {"--model", model, "--images", images().string(), "--classes", "red circle,blue square"});
  EXPECT_EQ(classes.exit_code, 0) << classes.err;
  const ProgramResult matched =
      run_program("clip-zeroshot", {"--model", model, "--images", images().string(), "--classes",
                                    "red circle,blue square", "--match", "--format", "jsonl"});
  EXPECT_EQ(matched.exit_code, 0) << matched.err;
  for (const std::string& line : lines_of(matched.out)) {
    const Json ranking = Json::parse(line);
    EXPECT_EQ(ranking["score_kind"], "match");
    ASSERT_EQ(ranking["results"].size(), 2U);
    const auto best = ranking["results"][0]["score"].get<double>();
    EXPECT_GE(best, ranking["results"][1]["score"].get<double>());
    EXPECT_TRUE(best > 0 && best < 1) << best;
  }
  const auto evaluate = [&](const Json& rerank, const std::string& with) {
    Json task = {{"name", "drawn"},
                 {"task", "zeroshot_retrieval"},
                 {"data", {{"kind", "shapes"}, {"shapes", {{"count", 40}}}}}};
    if (!rerank.is_null()) task["rerank"] = rerank;
    write_text(folder_ / "tasks.json", Json::array({task}).dump());
    return run_program("clip-eval",
                       {"--model", with, "--tasks", (folder_ / "tasks.json").string()});
  };
  const ProgramResult reranked = evaluate(5, model), plain = evaluate({}, model);
  ASSERT_EQ(reranked.exit_code, 0) << reranked.err;
  ASSERT_EQ(plain.exit_code, 0) << plain.err;
  const Json record = Json::parse(reranked.out)[0], before = Json::parse(plain.out)[0];
  EXPECT_EQ(record["rerank"], 5);
  EXPECT_FALSE(before.contains("rerank"));
  // The five best ones stay the five best ones; their order does not.
  EXPECT_EQ(record["metrics"]["image_retrieval_recall@5"],
            before["metrics"]["image_retrieval_recall@5"]);
  EXPECT_NE(record["metrics"], before["metrics"]);
  const ProgramResult refused = evaluate(5, trained_model().string());
  EXPECT_EQ(refused.exit_code, 64);
  EXPECT_NE(refused.err.find("matching head"), std::string::npos) << refused.err;
  EXPECT_EQ(evaluate(0, model).exit_code, 78) << "at least 1";
}

TEST_F(Blip, FilterShowsScoresBeforeAnythingIsKept) {
  const ProgramResult shown = filter({"--captioner", blip_model()});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(lines_of(shown.out).size(), 11U) << shown.out;
  EXPECT_NE(shown.err.find("3 images judged"), std::string::npos) << shown.err;
  const std::vector<std::string> lines = lines_of(read_text(folder_ / "scores.jsonl"));
  ASSERT_EQ(lines.size(), 4U) << "what the scores follow from, and the images";
  const Json first = Json::parse(lines[1]);
  EXPECT_EQ(first["image"], (images() / "a.png").string());
  ASSERT_EQ(first["captions"].size(), 3U);
  EXPECT_EQ(first["captions"][0]["caption"], "a blue square");
  EXPECT_EQ(first["captions"][0]["origin"], "original");
  EXPECT_EQ(first["captions"][2]["origin"], "synthetic");
  for (const Json& each : first["captions"]) {
    const auto score = each["score"].get<double>();
    EXPECT_TRUE(score > 0 && score < 1) << score;
  }
}

TEST_F(Blip, FilterKeepsWhatReachesTheThresholdAsData) {
  const std::string kept = file("kept.jsonl");
  const ProgramResult all =
      filter({"--captioner", blip_model(), "--threshold", "0", "--output", kept});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  EXPECT_NE(all.err.find("3 of 3 images"), std::string::npos) << all.err;
  const ProgramResult checked = run_program(
      "clip-data", {"check", "--config", file("config.json"), "--set", "data.train.kind=jsonl",
                    "--set", "data.train.path=" + kept, "--format", "json"});
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(Json::parse(checked.out)["usable"], 3);
  // A threshold between the scores keeps the captions above it and no others.
  std::vector<double> scores;
  for (const std::string& line : lines_of(read_text(kept))) {
    const Json json = Json::parse(line);
    for (const Json& score : json["scores"]) scores.push_back(score);
  }
  std::sort(scores.begin(), scores.end());
  const double middle = (scores[scores.size() / 2 - 1] + scores[scores.size() / 2]) / 2;
  const ProgramResult half = filter(
      {"--captioner", blip_model(), "--threshold", std::to_string(middle), "--output", kept});
  ASSERT_EQ(half.exit_code, 0) << half.err;
  size_t captions = 0;
  for (const std::string& line : lines_of(read_text(kept))) {
    const Json json = Json::parse(line);
    EXPECT_EQ(json["title"].size(), json["scores"].size());
    EXPECT_EQ(json["title"].size(), json["origins"].size());
    for (const Json& score : json["scores"]) EXPECT_GE(score.get<double>(), middle - 1e-6);
    captions += json["title"].size();
  }
  EXPECT_EQ(captions, scores.size() - scores.size() / 2);
}

TEST_F(Blip, FilterResumesAStoppedProgram) {
  ASSERT_EQ(filter({"--captioner", blip_model()}).exit_code, 0);
  const std::string whole = read_text(folder_ / "scores.jsonl");
  write_text(folder_ / "scores.jsonl", whole.substr(0, whole.size() - 20));
  const ProgramResult resumed = filter({"--captioner", blip_model()});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.err.find("Resuming after 2 of 3"), std::string::npos) << resumed.err;
  // The last image was scored alone now: its numbers may differ by rounding.
  const std::vector<std::string> before = lines_of(whole);
  const std::vector<std::string> after = lines_of(read_text(folder_ / "scores.jsonl"));
  ASSERT_EQ(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end() - 1, after.begin()));
  const Json last = Json::parse(before.back()), again = Json::parse(after.back());
  ASSERT_EQ(again["captions"].size(), last["captions"].size());
  for (size_t i = 0; i < last["captions"].size(); ++i) {
    EXPECT_EQ(again["captions"][i]["caption"], last["captions"][i]["caption"]);
    EXPECT_NEAR(again["captions"][i]["score"].get<double>(),
                last["captions"][i]["score"].get<double>(), 2e-6);
  }
  const ProgramResult other = filter({});
  EXPECT_EQ(other.exit_code, 64) << "scores with synthetic captions are not those without";
  EXPECT_NE(other.err.find("scores.jsonl"), std::string::npos) << other.err;
}

TEST_F(Blip, FilterCountsInvalidImages) {
  write_text(images() / "bad.png", "<html>no image</html>");
  write_text(folder_ / "some.jsonl",
             "{\"filepath\": \"images/a.png\", \"title\": \"a blue square\"}\n"
             "{\"filepath\": \"images/none.png\", \"title\": \"a red circle\"}\n"
             "{\"filepath\": \"images/bad.png\", \"title\": \"a green square\"}\n");
  const ProgramResult some =
      filter({"--threshold", "0", "--output", file("kept.jsonl")}, "some.jsonl");
  EXPECT_EQ(some.exit_code, 65) << some.err;
  EXPECT_NE(some.err.find("bad.png"), std::string::npos) << some.err;
  EXPECT_NE(some.err.find("1 of 3 images"), std::string::npos) << some.err;
  EXPECT_EQ(lines_of(read_text(file("kept.jsonl"))).size(), 1U);
}

TEST_F(Blip, FilterRefusesWhatCannotBe) {
  struct Case {
    std::vector<std::string> arguments;
    int exit_code;
    std::string named;
  };
  for (const Case& each : {
           Case{{"--threshold", "1.5"}, 64, "--threshold"},
           Case{{"--threshold", "1", "--output", file("kept.jsonl")}, 65, "no caption is kept"},
           Case{{"--judge", trained_model().string(), "--scores", file("s2.jsonl")},
                64,
                "matching head"},
           Case{{"--captioner", trained_model().string(), "--scores", file("s3.jsonl")},
                64,
                "decoder"},
           Case{{"--set", "data.train.kind=shapes", "--set", "data.train.path=", "--scores",
                 file("s4.jsonl")},
                64,
                "clip-data export"},
           Case{{"--judge", file("nothing"), "--scores", file("s5.jsonl")}, 66, "nothing"},
           Case{{"--scores", file("no/folder/s6.jsonl")}, 73, "s6.jsonl"},
       }) {
    const ProgramResult result = filter(each.arguments);
    EXPECT_EQ(result.exit_code, each.exit_code) << each.named << ": " << result.err;
    EXPECT_NE(result.err.find(each.named), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(file("kept.jsonl"))) << each.named;
  }
}

}  // namespace
}  // namespace tandem::test
