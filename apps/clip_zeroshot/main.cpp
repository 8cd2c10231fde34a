#include <memory>

#include "clip_zeroshot/classify.h"
#include "common/images.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<ZeroShotArguments>();
  add_model_options(app, arguments->model);
  add_image_options(app, arguments->model.options.images);
  app.add_option(
         "--images", arguments->images,
         "Image files and folders (searched recursively); - reads names from standard input")
      ->type_name("PATH")
      ->required();
  add_outside_root_option(app, arguments->allow_outside_root);
  auto* classes = app.add_option("--classes", arguments->classes, "Class names, as cat,dog,red car")
                      ->type_name("A,B,C");
  app.add_option("--classes-file", arguments->classes_file, "Class names, one per line")
      ->type_name("FILE")
      ->excludes(classes);
  app.add_option("--templates", arguments->templates_file,
                 "Prompts, one per line; {}, {c} or {label} is replaced by the class name. "
                 "Default: a photo of a {}")
      ->type_name("FILE");
  app.add_option("--top-k", arguments->top_k, "Classes shown for each image")
      ->capture_default_str();
  auto* match = app.add_flag(
      "--match", arguments->match,
      "Score each class by itself with the model's matching head (BLIP), which looks at image and "
      "text together: slower and more exact; the mean of several templates");
  app.add_option("--format", arguments->format, "text, json, jsonl or csv")
      ->check(CLI::IsMember({"text", "json", "jsonl", "csv"}))
      ->capture_default_str();
  auto* from_dirs = app.add_flag(
      "--labels-from-dirs", arguments->labels_from_dirs,
      "--images is a tree root/<class>/*, read as data of kind folder: print top-1, top-5 "
      "and mean per-class recall. Classes default to the folders' names, _ being a space");
  from_dirs->excludes(match);
  app.add_option("--class-names", arguments->class_names,
                 "Names for these folders, such as WordNet ids: lines folder<TAB>name, or one name "
                 "a line in the folders' order")
      ->type_name("FILE")
      ->needs(from_dirs);
  return [arguments] { return run_zero_shot(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-zeroshot",
       .summary = "Ranks classes for each image with a model of clip-train.",
       .footer = "An invalid image becomes an error entry; the others are still classified, and "
                 "the exit code is 65 (damaged) or 66 (missing).\n"
                 "Example: clip-zeroshot --model runs/quickstart/model --images a.png b.png "
                 "--classes \"red circle,blue square\"",
       .log_level = "warn"},
      tandem::apps::define);
}
