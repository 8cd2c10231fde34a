#include "common/model_arguments.h"

#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "common/checks.h"
#include "common/imported_model.h"

namespace tandem::apps {

void add_model_options(CLI::App& app, ModelArguments& arguments) {
  app.add_option(
         "--model", arguments.directory,
         "Model directory, as clip-train writes it (runs/<name>/model), or one of Hugging Face "
         "or open_clip, which is converted into a cache at first use")
      ->type_name("DIR")
      ->required();
  app.add_option("--device", arguments.options.device, "auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  app.add_option("--precision", arguments.options.precision, "fp32, bf16 or int8 (CPU)")
      ->capture_default_str();
  app.add_option("--batch-size", arguments.options.batch_size, "Images or texts per forward pass")
      ->capture_default_str();
}

void add_image_options(CLI::App& app, ImageInputOptions& images) {
  app.add_option("--background", images.background,
                 "What transparent pixels are laid on: white, black, #rrggbb, or drop and "
                 "drop_after_resize, which ignore transparency; default: as in training")
      ->type_name("COLOR")
      ->check(is_background());
  static const std::map<std::string, ExifOrientation> kChoices = {
      {"ignore", ExifOrientation::kIgnore}, {"apply", ExifOrientation::kApply}};
  app.add_option_function<std::string>(
         "--exif", [&images](const std::string& text) { images.exif = kChoices.at(text); },
         "ignore or apply: whether the EXIF orientation is applied; default: as in training")
      ->type_name("CHOICE")
      ->check(CLI::IsMember({"ignore", "apply"}));
  app.add_option(
         "--max-image-pixels", images.max_image_pixels,
         "Images with more pixels are refused; default: the model's own limit, else 178956970")
      ->type_name("N")
      ->check(at_least(1));
}

Pipeline load_pipeline(const ModelArguments& arguments) {
  return Pipeline::load(model_directory(arguments.directory), arguments.options);
}

std::string weights_identity(const std::string& directory) {
  if (directory.empty()) return "";
  std::error_code ignored;
  const auto written = std::filesystem::last_write_time(
      std::filesystem::path(directory) / "model.safetensors", ignored);
  return fmt::format("{} {}", directory, written.time_since_epoch().count());
}

}  // namespace tandem::apps
