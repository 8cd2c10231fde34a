#include "apps/workshop.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "apps/run_program.h"
#include "core/temporary_folder.h"

namespace tandem::test {

namespace fs = std::filesystem;

nlohmann::json tiny_config(const fs::path& output_dir, int steps) {
  return {
      {"run",
       {{"name", "tiny"}, {"output_dir", output_dir.string()}, {"seed", 5}, {"device", "cpu"}}},
      {"model",
       {{"embed_dim", 16},
        {"text", {{"width", 16}, {"layers", 1}, {"heads", 2}, {"context_length", 16}}},
        {"image", {{"width", 16}, {"layers", 1}, {"heads", 2}, {"patch_size", 16}}}}},
      {"tokenizer", {{"train_vocab_size", 100}}},
      {"data",
       {{"train", {{"kind", "shapes"}, {"shapes", {{"count", 512}}}}},
        {"batch_size", 16},
        {"loader_threads", 1}}},
      {"optim", {{"lr", 0.001}}},
      {"train", {{"max_steps", steps}, {"log_every_steps", 10}, {"checkpoint_every_steps", 1000}}},
      {"eval", {{"max_samples", 64}}}};
}

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void draw_png(const fs::path& path, const Drawing& drawing) {
  cv::Mat canvas(48, 64, CV_8UC3, cv::Scalar(230, 230, 230));
  const cv::Scalar color(drawing.blue, drawing.green, drawing.red);
  if (drawing.shape == "circle") {
    cv::circle(canvas, {32, 24}, 16, color, cv::FILLED);
  } else {
    cv::rectangle(canvas, {18, 10}, {46, 38}, color, cv::FILLED);
  }
  if (!cv::imwrite(path.string(), canvas)) throw std::runtime_error("cannot draw " + path.string());
}

std::string train(const fs::path& folder, const nlohmann::json& config,
                  const std::vector<std::string>& expected) {
  write_text(folder / "config.json", config.dump());
  ProgramResult result = run_program("clip-train", {"--config", (folder / "config.json").string()});
  if (result.exit_code != 0) throw std::runtime_error("clip-train failed: " + result.err);
  for (const std::string& each : expected) {
    if (result.out.find(each) == std::string::npos)
      throw std::runtime_error("no " + each + " in " + result.out);
  }
  return result.out;
}

const fs::path& trained_model() {
  static const TemporaryFolder folder;
  static const fs::path model = [] {
    train(folder.path(), tiny_config(folder / "runs", 30));
    return folder.path() / "runs" / "tiny" / "model";
  }();
  return model;
}

}  // namespace tandem::test
