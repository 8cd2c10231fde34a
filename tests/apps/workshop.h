#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace tandem::test {

/// Returns a configuration of a run of `steps` steps on drawn shapes that takes a second or two.
[[nodiscard]] nlohmann::json tiny_config(const std::filesystem::path& output_dir, int steps);

void write_text(const std::filesystem::path& path, std::string_view text);
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

/// Returns the lines of `text` without their ends.
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

/// Draws a PNG file of `shape` (circle or square) in the given colour.
struct Drawing {
  std::string shape = "circle";
  int red = 0;
  int green = 0;
  int blue = 0;
};
void draw_png(const std::filesystem::path& path, const Drawing& drawing);

/// Trains `config`, kept in `folder`, by clip-train and returns what the program printed. Throws
/// when it fails, and when it does not print each of `expected`.
std::string train(const std::filesystem::path& folder, const nlohmann::json& config,
                  const std::vector<std::string>& expected = {});

/// Returns the directory of a model that a short run of clip-train has made; trained once, at the
/// first call.
[[nodiscard]] const std::filesystem::path& trained_model();

}  // namespace tandem::test
