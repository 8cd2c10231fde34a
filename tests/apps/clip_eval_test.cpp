#include <filesystem>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ClipEval : public ::testing::Test {
 protected:
  [[nodiscard]] ProgramResult evaluate(const std::string& tasks,
                                       const std::vector<std::string>& more = {}) const {
    write_text(folder_ / "tasks.json", tasks);
    std::vector<std::string> arguments = {"--model", trained_model().string(), "--tasks",
                                          (folder_ / "tasks.json").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program("clip-eval", arguments);
  }
  /// A tree of two classes that hold the same pictures, and a manifest over it.
  void draw_data() const {
    std::string manifest = "filepath\ttitle\n";
    for (const std::string name : {"red circle", "blue square"}) {
      fs::create_directories(folder_ / "tree" / name);
      for (int i = 0; i < 2; ++i) {
        const std::string file = name + "/" + std::to_string(i) + ".png";
        draw_png(folder_ / "tree" / file, {.shape = i == 0 ? "circle" : "square", .red = 220});
        manifest += file + "\ta photo of a shape\n";
      }
    }
    write_text(folder_ / "tree" / "pairs.tsv", manifest);
  }
  [[nodiscard]] Json tasks() const {
    return {{{"name", "tree"},
             {"task", "zeroshot_classification"},
             {"data", {{"kind", "folder"}, {"path", (folder_ / "tree").string()}}},
             {"templates", {"a {}", "{c} on white"}}},
            {{"name", "pairs"},
             {"task", "zeroshot_retrieval"},
             {"data", {{"kind", "table"}, {"path", (folder_ / "tree" / "pairs.tsv").string()}}},
             {"max_samples", 100},
             {"language", "de"}}};
  }

  TemporaryFolder folder_;
};

TEST_F(ClipEval, RefusesTasksOfAnyDepthAndKeysThatStandTwice) {
  for (const size_t depth : {size_t{100}, size_t{100000}, size_t{5000000}}) {
    const ProgramResult deep = evaluate(std::string(depth, '['));
    EXPECT_EQ(deep.exit_code, 78) << depth;
    EXPECT_NE(deep.err.find("nested deeper than 64 levels"), std::string::npos) << deep.err;
    const std::string open = "[{\"name\":";
    std::string objects;
    for (size_t i = 0; i < std::min<size_t>(depth, 100000); ++i) objects += open;
    EXPECT_EQ(evaluate(objects).exit_code, 78);
  }
  const ProgramResult twice = evaluate(R"([{"name": "a", "data": {"kind": "folder",
    "kind": "table"}}])");
  EXPECT_EQ(twice.exit_code, 78);
  EXPECT_NE(
      twice.err.find("tasks.json, line 2, column 5: the key \"kind\" appears twice in one object"),
      std::string::npos)
      << twice.err;
}

TEST_F(ClipEval, WritesOneRecordPerTask) {
  draw_data();
  const ProgramResult result = evaluate(tasks().dump());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json records = Json::parse(result.out);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0]["dataset"], "tree");
  EXPECT_EQ(records[0]["task"], "zeroshot_classification");
  EXPECT_EQ(records[0]["language"], "en");
  EXPECT_EQ(records[0]["pretrained"], trained_model().string());
  EXPECT_TRUE(records[0].contains("model"));
  EXPECT_EQ(records[0]["metrics"],
            (Json{{"acc1", 0.5}, {"acc5", 1.0}, {"mean_per_class_recall", 0.5}}));
  EXPECT_EQ(records[1]["dataset"], "pairs");
  EXPECT_EQ(records[1]["language"], "de");
  for (const char* depth : {"1", "5", "10"}) {
    EXPECT_EQ(records[1]["metrics"][std::string("image_retrieval_recall@") + depth], 1.0);
    EXPECT_EQ(records[1]["metrics"][std::string("text_retrieval_recall@") + depth], 1.0);
  }
}

TEST_F(ClipEval, WritesToAFileAsWell) {
  draw_data();
  const fs::path output = folder_ / "result.json";
  const ProgramResult result = evaluate(tasks().dump(), {"--output", output.string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.empty());
  EXPECT_EQ(Json::parse(read_text(output)).size(), 2U);
}

TEST_F(ClipEval, MistakesInTheTaskFileAreToldTogether) {
  Json wrong = tasks();
  wrong[0]["templetes"] = {"a {}"};
  wrong[0]["task"] = "captioning";
  wrong[1]["data"]["kind"] = "tabel";
  wrong[1]["max_samples"] = 0;
  wrong[1].erase("name");
  wrong[1]["templates"] = {"a photo"};
  wrong.push_back(7);
  const ProgramResult result = evaluate(wrong.dump());
  EXPECT_EQ(result.exit_code, 78);
  for (const char* part : {"templetes", "captioning", "tabel", "[1].max_samples", "[1].name", "[2]",
                           "[1].templates: a template has no place", "tasks.json"})
    EXPECT_NE(result.err.find(part), std::string::npos) << part << " is missing in: " << result.err;
}

TEST_F(ClipEval, RefusesAKeyThatStandsTwiceAndDeepNesting) {
  const ProgramResult twice = evaluate(R"([{"name": "a", "name": "b"}])");
  EXPECT_EQ(twice.exit_code, 78);
  EXPECT_NE(twice.err.find("the key \"name\" appears twice"), std::string::npos) << twice.err;
  const ProgramResult deep = evaluate(std::string(200000, '['));
  EXPECT_EQ(deep.exit_code, 78);
  EXPECT_NE(deep.err.find("nested deeper than 64"), std::string::npos) << deep.err;
}

TEST_F(ClipEval, RefusesNamesForDataWithoutFolders) {
  Json wrong = tasks();
  wrong[0]["classes"] = 7;
  wrong[1]["classes"] = {"a", "b"};
  const ProgramResult result = evaluate(wrong.dump());
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_NE(result.err.find("[0].classes: expected an object"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("[1].classes: only data of kind folder"), std::string::npos);
}

TEST_F(ClipEval, RefusesATaskFileThatIsNone) {
  for (const char* text : {"", "{", "{}", "[]", "[1,]"})
    EXPECT_EQ(evaluate(text).exit_code, 78) << text;
  EXPECT_EQ(run_program("clip-eval", {"--model", "x", "--tasks", "no/such/file"}).exit_code, 66);
}

TEST_F(ClipEval, ChecksTheClassesOfEveryTaskBeforeItComputes) {
  draw_data();
  Json none = tasks(), twice = tasks();
  none[1]["task"] = "zeroshot_classification";
  fs::create_directories(folder_ / "same" / "a_b");
  fs::create_directories(folder_ / "same" / "a b");
  draw_png(folder_ / "same" / "a b" / "0.png", {});
  twice.push_back({{"name", "same"},
                   {"task", "zeroshot_classification"},
                   {"data", {{"kind", "folder"}, {"path", (folder_ / "same").string()}}}});
  for (const auto& [wrong, name] : {std::pair{none, "[1] \"pairs\""}, {twice, "[2] \"same\""}}) {
    const ProgramResult result = evaluate(wrong.dump());
    EXPECT_EQ(result.exit_code, 65) << result.err;
    EXPECT_NE(result.err.find("tasks.json: " + std::string(name)), std::string::npos) << result.err;
    EXPECT_EQ(result.err.find("zeroshot_classification on"), std::string::npos) << result.err;
  }
}

TEST_F(ClipEval, TriesTheOutputBeforeItComputes) {
  draw_data();
  const ProgramResult result = evaluate(tasks().dump(), {"--output", "/no/such/folder/x.json"});
  EXPECT_EQ(result.exit_code, 73) << result.err;
  EXPECT_EQ(result.err.find("zeroshot_classification"), std::string::npos) << result.err;
}

TEST_F(ClipEval, OpensAllDataBeforeItComputes) {
  Json missing = tasks();
  draw_data();
  missing[1]["data"]["path"] = "/no/such/file.tsv";
  const ProgramResult result = evaluate(missing.dump());
  EXPECT_EQ(result.exit_code, 66);
  EXPECT_EQ(result.err.find("zeroshot_classification"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace tandem::test
