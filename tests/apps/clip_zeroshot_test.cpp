#include <algorithm>
#include <filesystem>

#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "apps/run_program.h"
#include "apps/workshop.h"
#include "core/temporary_folder.h"

namespace tandem::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ClipZeroShot : public ::testing::Test {
 protected:
  ClipZeroShot() {
    fs::create_directories(pictures() / "deep");
    draw_png(pictures() / "b.png", {.shape = "circle", .red = 220});
    draw_png(pictures() / "a.png", {.shape = "square", .blue = 220});
    draw_png(pictures() / "deep" / "c.PNG", {.shape = "square", .green = 200});
    write_text(pictures() / "notes.txt", "no picture");
  }
  [[nodiscard]] fs::path pictures() const { return folder_ / "pictures"; }
  [[nodiscard]] std::string picture(const std::string& name) const {
    return (pictures() / name).string();
  }
  /// Runs clip-zeroshot on the trained model.
  [[nodiscard]] static ProgramResult classify(std::vector<std::string> arguments,
                                              std::string_view input = {}) {
    arguments.insert(arguments.begin(), {"--model", trained_model().string(), "--device", "cpu"});
    return run_program("clip-zeroshot", arguments, input);
  }

  TemporaryFolder folder_;
};

constexpr const char* kClasses = "red circle,blue square,green square";

TEST_F(ClipZeroShot, RanksTheClassesOfEachPictureInTheOrderGiven) {
  const ProgramResult result = classify({"--images", picture("b.png"), pictures().string(),
                                         "--classes", kClasses, "--format", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json items = Json::parse(result.out);
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(items[0]["image"], picture("b.png"));
  EXPECT_EQ(items[1]["image"], picture("a.png"));
  EXPECT_EQ(items[2]["image"], picture("b.png"));
  EXPECT_EQ(items[3]["image"], picture("deep/c.PNG"));
  EXPECT_EQ(items[0]["results"], items[2]["results"]);
  for (const Json& item : items) {
    ASSERT_EQ(item["results"].size(), 3U);
    double sum = 0;
    double last = 1;
    for (const Json& entry : item["results"]) {
      const double score = entry["score"].get<double>();
      EXPECT_LE(score, last);
      last = score;
      sum += score;
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

TEST_F(ClipZeroShot, EveryFormatTellsTheSame) {
  const std::vector<std::string> base = {"--images", picture("a.png"), "--classes",
                                         kClasses,   "--top-k",        "2"};
  const auto in_format = [&](const char* format) {
    std::vector<std::string> arguments = base;
    arguments.insert(arguments.end(), {"--format", format});
    const ProgramResult result = classify(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  };
  const Json item = Json::parse(in_format("json"))[0];
  ASSERT_EQ(item["results"].size(), 2U);
  EXPECT_EQ(Json::parse(in_format("jsonl")), item);
  const std::string best = item["results"][0]["label"];
  const auto csv = lines_of(in_format("csv"));
  ASSERT_EQ(csv.size(), 3U);
  EXPECT_EQ(csv[0], "image,rank,label,score,error");
  EXPECT_EQ(csv[1].find(picture("a.png") + ",1," + best + ","), 0U) << csv[1];
  const auto text = lines_of(in_format("text"));
  ASSERT_EQ(text.size(), 3U);
  EXPECT_EQ(text[0], picture("a.png"));
  EXPECT_EQ(text[1].substr(text[1].find('%') + 3), best);
}

TEST_F(ClipZeroShot, ADamagedPictureIsAnEntryOfItsOwn) {
  const std::string png = read_text(picture("a.png"));
  write_text(picture("cut.png"), png.substr(0, png.size() / 2));
  const ProgramResult result =
      classify({"--images", picture("a.png"), picture("cut.png"), picture("b.png"), "--classes",
                kClasses, "--format", "jsonl"});
  EXPECT_EQ(result.exit_code, 65) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(Json::parse(lines[0]).contains("results"));
  const Json damaged = Json::parse(lines[1]);
  EXPECT_EQ(damaged["image"], picture("cut.png"));
  EXPECT_FALSE(damaged["error"].get<std::string>().empty());
  EXPECT_FALSE(damaged.contains("results"));
  EXPECT_TRUE(Json::parse(lines[2]).contains("results"));
}

TEST_F(ClipZeroShot, OptionsOfTheCallReplaceTheModelsTransform) {
  const fs::path golden = fs::path(TANDEM_SOURCE_DIR) / "tests/golden";
  const auto scores = [&](const char* file, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {
        "--images", (golden / file).string(), "--classes", kClasses, "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = classify(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Json::parse(result.out)[0]["results"].dump();
  };
  const std::string clear = "transparency/rgba.png";
  EXPECT_EQ(scores(clear.c_str(), {}), scores(clear.c_str(), {"--background", "white"}));
  EXPECT_EQ(scores(clear.c_str(), {"--background", "#FFFFFF"}), scores(clear.c_str(), {}));
  EXPECT_NE(scores(clear.c_str(), {"--background", "drop"}), scores(clear.c_str(), {}));
  EXPECT_NE(scores(clear.c_str(), {"--background", "drop_after_resize"}),
            scores(clear.c_str(), {"--background", "drop"}));
  EXPECT_EQ(scores("images/turned.jpg", {"--exif", "ignore"}), scores("images/turned.jpg", {}));
  EXPECT_NE(scores("images/turned.jpg", {"--exif", "apply"}), scores("images/turned.jpg", {}));

  const ProgramResult small =
      classify({"--images", picture("a.png"), "--classes", kClasses, "--max-image-pixels", "10"});
  EXPECT_EQ(small.exit_code, 65);
  EXPECT_NE((small.out + small.err).find("too many pixels"), std::string::npos) << small.err;
  const ProgramResult wrong =
      classify({"--images", picture("a.png"), "--classes", kClasses, "--background", "grey"});
  EXPECT_EQ(wrong.exit_code, 64);
  EXPECT_NE(wrong.err.find("expected drop, drop_after_resize, white, black or #rrggbb"),
            std::string::npos)
      << wrong.err;
}

TEST_F(ClipZeroShot, AMissingPictureIsMissingInput) {
  const ProgramResult result = classify({"--images", picture("gone.png"), picture("a.png"),
                                         "--classes", kClasses, "--format", "csv"});
  EXPECT_EQ(result.exit_code, 66) << result.err;
  EXPECT_EQ(lines_of(result.out).size(), 5U);
}

TEST_F(ClipZeroShot, CsvFieldsAreQuoted) {
  const fs::path odd = pictures() / "x,\"y\".png";
  fs::copy_file(picture("a.png"), odd);
  const ProgramResult result = classify(
      {"--images", odd.string(), "--classes", kClasses, "--top-k", "1", "--format", "csv"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("/x,\"\"y\"\".png\",1,"), std::string::npos) << result.out;
}

TEST_F(ClipZeroShot, ReadsNamesFromStandardInput) {
  const std::vector<std::string> arguments = {"--images", "-",        "--classes",
                                              kClasses,   "--format", "jsonl"};
  for (const std::string& separator :
       {std::string("\n"), std::string("\r\n"), std::string(1, '\0')}) {
    const ProgramResult result =
        classify(arguments, picture("b.png") + separator + picture("a.png"));
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto lines = lines_of(result.out);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(Json::parse(lines[0])["image"], picture("b.png"));
    EXPECT_EQ(Json::parse(lines[1])["image"], picture("a.png"));
  }
}

TEST_F(ClipZeroShot, ClassesAndTemplatesComeFromFiles) {
  write_text(folder_ / "classes.txt",
             "\xEF\xBB\xBFred circle\r\n\r\n blue square \r\ngreen square");
  write_text(folder_ / "templates.txt", "a photo of a {}\na drawing of a {c}\n{label}\n");
  const ProgramResult result =
      classify({"--images", picture("a.png"), "--classes-file", (folder_ / "classes.txt").string(),
                "--templates", (folder_ / "templates.txt").string(), "--format", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> labels;
  const Json pictures = Json::parse(result.out);  // outlives the loop over a part of it
  for (const Json& entry : pictures[0]["results"])
    labels.push_back(entry["label"].get<std::string>());
  std::sort(labels.begin(), labels.end());
  EXPECT_EQ(labels, (std::vector<std::string>{"blue square", "green square", "red circle"}));
}

TEST_F(ClipZeroShot, RefusesClassesAndTemplatesThatMakeNoSense) {
  write_text(folder_ / "templates.txt", "a photo\n");
  const std::string image = picture("a.png");
  const std::vector<std::vector<std::string>> wrong = {
      {"--images", image},
      {"--images", image, "--classes", "cat,dog,cat"},
      {"--images", image, "--classes", "cat,,dog"},
      {"--images", image, "--classes", "cat", "--templates", (folder_ / "templates.txt").string()},
      {"--images", image, "--classes", "cat", "--top-k", "0"},
      {"--images", image, "--classes", "cat", "--format", "xml"},
      {"--images", image, "--classes", "cat", "--classes", "dog"},
      {"--images", image, "--classes", "cat", "--device", "tpu"}};
  for (const auto& arguments : wrong) {
    const ProgramResult result = classify(arguments);
    EXPECT_EQ(result.exit_code, 64) << Json(arguments).dump() << result.err;
    EXPECT_EQ(result.err.find("error: "), 0U) << result.err;
    EXPECT_TRUE(result.out.empty()) << result.out;
  }
}

TEST_F(ClipZeroShot, SaysWhatIsMissing) {
  EXPECT_EQ(run_program("clip-zeroshot", {"--model", "no/such/model", "--images", picture("a.png"),
                                          "--classes", "cat"})
                .exit_code,
            66);
  EXPECT_EQ(classify({"--images", picture("a.png"), "--classes-file", "no/such/file"}).exit_code,
            66);
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(classify({"--images", (folder_ / "empty").string(), "--classes", "cat"}).exit_code, 65);
}

TEST_F(ClipZeroShot, ScoresALabelledTree) {
  const fs::path tree = folder_ / "tree";
  for (const char* name : {"red circle", "blue square"}) fs::create_directories(tree / name);
  for (const char* name : {"1.png", "2.png"}) {
    draw_png(tree / "red circle" / name, {.shape = "circle", .red = 220});
    draw_png(tree / "blue square" / name, {.shape = "circle", .red = 220});
  }
  const ProgramResult result =
      classify({"--images", tree.string(), "--labels-from-dirs", "--format", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json scores = Json::parse(result.out);
  EXPECT_EQ(scores["pictures"], 4);
  EXPECT_EQ(scores["classes"], 2);
  EXPECT_EQ(scores["top1"], 0.5) << "equal pictures in both classes: half of them are right";
  EXPECT_EQ(scores["top5"], 1.0);
  EXPECT_EQ(scores["mean_per_class_recall"], 0.5);

  write_text(tree / "red circle" / "bad.png", "<html>not found</html>");
  const ProgramResult text = classify({"--images", tree.string(), "--labels-from-dirs"});
  EXPECT_EQ(text.exit_code, 65);
  for (const char* part : {"top-1", "top-5", "mean per-class recall", "50.00 %"})
    EXPECT_NE(text.out.find(part), std::string::npos) << text.out;
  EXPECT_NE(text.err.find("bad.png"), std::string::npos) << text.err;
  EXPECT_EQ(
      classify({"--images", tree.string(), "--labels-from-dirs", "--classes", "cat,dog"}).exit_code,
      64);
}

TEST_F(ClipZeroShot, ReadsALabelledTreeAsClipEvalDoes) {
  const fs::path tree = folder_ / "tree";
  for (const char* name : {"red_circle", "blue_square", ".ipynb_checkpoints"}) {
    fs::create_directories(tree / name);
    draw_png(tree / name / "1.png", {.shape = "circle", .red = 220});
    draw_png(tree / name / "2.png", {.shape = "square", .blue = 220});
  }
  write_text(tree / "red_circle" / "._1.png", "what a Mac leaves");
  const auto score = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--images", tree.string(), "--labels-from-dirs",
                                          "--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = classify(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.exit_code == 0 ? Json::parse(result.out) : Json::object();
  };
  const Json scores = score({});
  EXPECT_EQ(scores["pictures"], 4);
  EXPECT_EQ(scores["classes"], 2);
  write_text(folder_ / "classes.txt", "blue square\nred_circle\n");
  EXPECT_EQ(score({"--classes-file", (folder_ / "classes.txt").string()}), scores);

  const Json tasks = {{{"name", "tree"},
                       {"task", "zeroshot_classification"},
                       {"data", {{"kind", "folder"}, {"path", tree.string()}}}}};
  write_text(folder_ / "tasks.json", tasks.dump());
  const ProgramResult evaluated =
      run_program("clip-eval", {"--model", trained_model().string(), "--device", "cpu", "--tasks",
                                (folder_ / "tasks.json").string()});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.err;
  const Json metrics = Json::parse(evaluated.out)[0]["metrics"];
  EXPECT_EQ(metrics["acc1"], scores["top1"]);
  EXPECT_EQ(metrics["acc5"], scores["top5"]);
  EXPECT_EQ(metrics["mean_per_class_recall"], scores["mean_per_class_recall"]);
}

TEST_F(ClipZeroShot, LinksThatLeadOutNeedTheSameWordInEveryProgram) {
  fs::create_directories(folder_ / "tree" / "red_circle");
  draw_png(folder_ / "tree" / "red_circle" / "a.png", {.red = 200});
  fs::create_symlink(picture("b.png"), folder_ / "tree" / "red_circle" / "b.png");
  const std::string tree = (folder_ / "tree").string();
  write_text(folder_ / "tasks.json", Json{{{"name", "tree"},
                                           {"task", "zeroshot_classification"},
                                           {"data", {{"kind", "folder"}, {"path", tree}}}}}
                                         .dump());
  const auto said = [&](const std::string& program, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--model", trained_model().string(), "--device", "cpu"});
    const ProgramResult result = run_program(program, arguments);
    EXPECT_EQ(result.exit_code, 0) << program << ": " << result.err;
    return result.err;
  };
  const std::vector<std::pair<std::string, std::vector<std::string>>> calls = {
      {"clip-zeroshot", {"--images", tree, "--classes", kClasses}},
      {"clip-zeroshot", {"--images", tree, "--labels-from-dirs"}},
      {"clip-eval", {"--tasks", (folder_ / "tasks.json").string()}},
      {"clip-embed", {"--images", tree, "--output", (folder_ / "embeddings").string()}}};
  for (auto [program, arguments] : calls) {
    EXPECT_NE(said(program, arguments).find("1 links that lead out"), std::string::npos) << program;
    fs::remove_all(folder_ / "embeddings");
    arguments.emplace_back("--allow-outside-root");
    EXPECT_EQ(said(program, arguments).find("links that lead out"), std::string::npos) << program;
  }
}

TEST_F(ClipZeroShot, FoldersOfATreeCanBeGivenNames) {
  fs::create_directories(folder_ / "tree" / "n01");
  fs::create_directories(folder_ / "tree" / "n02");
  draw_png(folder_ / "tree" / "n01" / "a.png", {.red = 200});
  draw_png(folder_ / "tree" / "n02" / "a.png", {.shape = "square", .blue = 200});
  const std::vector<std::string> words = {"red circle", "blue square"};
  write_text(folder_ / "words.txt", "n02\tblue square\nn01\tred circle\n");
  const std::string tree = (folder_ / "tree").string();
  const ProgramResult scored =
      classify({"--images", tree, "--labels-from-dirs", "--class-names",
                (folder_ / "words.txt").string(), "--classes", kClasses, "--format", "json"});
  ASSERT_EQ(scored.exit_code, 0) << scored.err;
  const Json task = {{"name", "tree"},
                     {"task", "zeroshot_classification"},
                     {"data", {{"kind", "folder"}, {"path", tree}}},
                     {"templates", {"a photo of a {}"}}};
  std::vector<Json> metrics;
  for (const Json& classes : {Json{{"n01", words[0]}, {"n02", words[1]}}, Json(words),
                              Json((folder_ / "words.txt").string())}) {
    Json named = task;
    named["classes"] = classes;
    write_text(folder_ / "tasks.json", Json::array({named}).dump());
    const ProgramResult result =
        run_program("clip-eval", {"--model", trained_model().string(), "--device", "cpu", "--tasks",
                                  (folder_ / "tasks.json").string()});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    metrics.push_back(Json::parse(result.out)[0]["metrics"]);
  }
  EXPECT_EQ(metrics[1], metrics[0]);
  EXPECT_EQ(metrics[2], metrics[0]);
  EXPECT_EQ(classify({"--images", tree, "--classes", "a,b", "--class-names", "x"}).exit_code, 64);
}

TEST_F(ClipZeroShot, PassesOverWhatIsNoPictureInAFolder) {
  fs::create_symlink("loop.jpg", picture("loop.jpg"));
  fs::create_symlink("nowhere", picture("gone.png"));
  ASSERT_EQ(::mkfifo(picture("pipe.png").c_str(), 0600), 0);
  fs::create_symlink("..", picture("up"));
  fs::create_symlink("b.png", picture("d.png"));
  write_text(picture(".b.png"), "hidden");
  const ProgramResult result =
      classify({"--images", pictures().string(), "--classes", kClasses, "--format", "jsonl"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(lines_of(result.out).size(), 4U) << result.out;
  EXPECT_NE(result.err.find("1 hidden, 1 links that lead out (allow_outside_root follows them), 3 "
                            "pipes, sockets or broken links"),
            std::string::npos)
      << result.err;
}

TEST_F(ClipZeroShot, NamesAFolderThatMayNotBeListed) {
  ::chmod(picture("deep").c_str(), 0);
  if (::access(picture("deep").c_str(), R_OK) == 0) GTEST_SKIP() << "nothing is denied to us";
  const ProgramResult above =
      classify({"--images", pictures().string(), "--classes", kClasses, "--format", "jsonl"});
  const ProgramResult itself = classify({"--images", picture("deep"), "--classes", kClasses});
  ::chmod(picture("deep").c_str(), 0700);
  EXPECT_EQ(above.exit_code, 0) << above.err;
  EXPECT_EQ(lines_of(above.out).size(), 2U) << above.out;
  EXPECT_NE(above.err.find(picture("deep")), std::string::npos) << above.err;
  EXPECT_EQ(itself.exit_code, 66) << itself.err;
}

// Older processors, as far as the libraries can be told to take this one for one of them.
TEST_F(ClipZeroShot, FindsTheSameClassOnOtherProcessors) {
  const std::string command = "{bin}/clip-zeroshot --model '" + trained_model().string() +
                              "' --device cpu --format json --images '" + pictures().string() +
                              "' --classes '" + kClasses + "'";
  std::vector<Json> found;
  for (const char* processor :
       {"", "OMP_NUM_THREADS=3 ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 ",
        "OMP_NUM_THREADS=1 ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 "
        "MKL_ENABLE_INSTRUCTIONS=SSE4_2 "}) {
    const ProgramResult result = run_shell(processor + command);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    found.push_back(Json::parse(result.out));
    ASSERT_EQ(found.back().size(), 3U);
    for (size_t i = 0; i < 3; ++i) {
      const Json& best = found.back()[i]["results"][0];
      const Json& expected = found.front()[i]["results"][0];
      EXPECT_EQ(best["label"], expected["label"]) << processor;
      EXPECT_NEAR(best["score"].get<double>(), expected["score"].get<double>(), 1e-4) << processor;
    }
  }
}

}  // namespace
}  // namespace tandem::test
