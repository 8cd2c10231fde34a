#include "clip_data/commands.h"
#include "common/run_app.h"

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-data",
       .summary = "Checks, previews and packs the data of a run.",
       .footer = "Example: clip-data check --config configs/quickstart.json --set "
                 "data.train.shapes.count=500",
       .log_level = "warn"},
      tandem::apps::define_commands);
}
