#include <memory>
#include <string>

#include <fmt/format.h>

#include "clip_eval/tasks.h"
#include "common/images.h"
#include "common/model_arguments.h"
#include "common/run_app.h"
#include "common/text_io.h"
#include "tandem/core/files.h"

namespace tandem::apps {
namespace {

struct Arguments {
  ModelArguments model;
  std::string tasks;
  std::string output;
  bool allow_outside_root = false;
};

int run(const Arguments& arguments) {
  const std::vector<Task> tasks = read_tasks(arguments.tasks);
  if (!arguments.output.empty()) check_output_file(arguments.output);
  const Pipeline pipeline = load_pipeline(arguments.model);
  const std::string records =
      run_tasks(tasks, pipeline, {arguments.model.directory, arguments.allow_outside_root}) + "\n";
  if (arguments.output.empty()) {
    write_output(records);
  } else {
    write_file_atomically(arguments.output, records);
  }
  write_note(fmt::format("{} record(s) in {}\n", tasks.size(),
                         arguments.output.empty() ? "standard output" : arguments.output));
  return 0;
}

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  add_model_options(app, arguments->model);
  add_image_options(app, arguments->model.options.images);
  app.add_option("--tasks", arguments->tasks, "Tasks in JSON; see below")
      ->type_name("FILE")
      ->required();
  add_outside_root_option(app, arguments->allow_outside_root);
  app.add_option("--output", arguments->output, "Where the records go; without it, standard output")
      ->type_name("FILE");
  return [arguments] { return run(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-eval",
       .summary = "Measures a model on tasks and writes one CLIP_benchmark-shaped record per task.",
       .footer =
           "A task file is a JSON array of\n"
           "  {\"name\": \"pets\", \"task\": \"zeroshot_classification\",\n"
           "   \"data\": {\"kind\": \"folder\", \"path\": \"pets/test\"},\n"
           "   \"templates\": [\"a photo of a {}\"], \"max_samples\": 5000, \"language\": \"en\",\n"
           "   \"classes\": {\"n02123045\": \"tabby cat\", \"n02099601\": \"golden retriever\"}}\n"
           "task: zeroshot_classification or zeroshot_retrieval; data: as data.train in a\n"
           "configuration, paths relative to the working folder; the last four are optional.\n"
           "\"rerank\": K in a zeroshot_retrieval task: the model's matching head (BLIP) ranks "
           "the\n"
           "best K texts of each image, and the best K images of each text, again.\n"
           "classes names the folders of data of kind folder: folder to name, a list in the\n"
           "folders' order, or a file as clip-zeroshot --class-names reads it.",
       .log_level = "warn"},
      tandem::apps::define);
}
