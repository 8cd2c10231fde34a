#include <memory>
#include <string>
#include <vector>

#include "clip_train/commands.h"
#include "common/run_app.h"
#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/distributed/launch.h"

namespace tandem::apps {
namespace {

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string resume = "auto";
  bool dry_run = false;
  bool print_config = false;
  bool print_schema = false;
  bool print_reference = false;
};

int run(const Arguments& arguments) {
  if (arguments.print_schema || arguments.print_reference) {
    if (arguments.print_schema) write_output(config_schema() + "\n");
    if (arguments.print_reference) write_output(config_reference() + "\n");
    return 0;
  }
  // Rank 0 speaks for all: the others only tell of errors.
  if (read_launch(process_environment()).rank > 0) log_to_stderr(LogLevel::kError);
  if (arguments.config.empty()) {
    throw Error(ErrorKind::kUsage,
                ErrorText{.what = "--config is required",
                          .hint = "clip-train --config configs/quickstart.json"});
  }
  const RunConfig config = load_run_config(arguments.config, arguments.overrides);
  if (arguments.print_config) {
    write_output(to_json(config) + "\n");
    return 0;
  }
  return arguments.dry_run ? run_check(config, arguments.resume)
                           : run_training(config, arguments.resume);
}

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<Arguments>();
  app.add_option("--config", arguments->config, "Configuration in JSON")->type_name("FILE");
  app.add_option("--set", arguments->overrides,
                 "Override one value, as optim.lr=3e-4; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_option(
         "--resume", arguments->resume,
         "auto: resume where the run stopped; never: start a new run; or a checkpoint directory")
      ->type_name("auto|never|DIR")
      ->capture_default_str();
  app.add_flag("--dry-run", arguments->dry_run,
               "Try everything but the training: files, 64 samples, two steps, one checkpoint");
  app.add_flag("--print-config", arguments->print_config, "Print the resolved configuration");
  app.add_flag("--print-schema", arguments->print_schema, "Print the configuration's JSON Schema");
  app.add_flag("--print-reference", arguments->print_reference,
               "Print the configuration's reference in Markdown");
  return [arguments] { return run(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-train",
       .summary = "Trains a CLIP-style model from a configuration. The same command resumes after "
                  "an interruption.",
       .footer =
           "SIGINT, SIGTERM, SIGUSR1 and SIGHUP finish the step, save and exit with 75.\n"
           "Started several times by torchrun, srun or mpirun, the processes train together.\n"
           "Messages go to standard error, one JSON object with the result to standard output."},
      tandem::apps::define);
}
