#include "common/model_arguments.h"

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
  app.add_option("--batch-size", arguments.options.batch_size, "Pictures or texts per forward pass")
      ->capture_default_str();
}

Pipeline load_pipeline(const ModelArguments& arguments) {
  return Pipeline::load(model_directory(arguments.directory), arguments.options);
}

}  // namespace tandem::apps
