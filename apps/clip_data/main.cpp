#include <memory>

#include "clip_data/export.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

std::function<int()> define(CLI::App& app) {
  app.require_subcommand(1);
  app.fallthrough();
  const auto exporting = std::make_shared<ExportArguments>();
  CLI::App* verb = app.add_subcommand(
      "export", "Write samples as PNG files, with captions.tsv and classes.txt beside them");
  add_data_options(*verb, exporting->data);
  verb->add_option("--output", exporting->output, "Folder to create")->type_name("DIR")->required();
  verb->add_option("--count", exporting->count, "Samples to write, from the first; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  return [exporting] { return run_export(*exporting); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-data",
       .summary = "Looks after the data of a run.",
       .footer = "Example: clip-data export --config configs/quickstart.json --count 12 --output "
                 "samples --set data.train.shapes.split=unseen",
       .log_level = "warn"},
      tandem::apps::define);
}
