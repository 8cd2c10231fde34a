#include <string>
#include <vector>

#include <fmt/format.h>

#include "clip_bench/cold_start.h"
#include "clip_bench/encode.h"
#include "clip_bench/loader.h"
#include "clip_bench/training.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

struct Verb {
  const char* name;
  const char* what;
  std::function<int()> (*define)(CLI::App&);
};

constexpr Verb kVerbs[] = {
    {"loader", "Images per second from disk to batch", define_loader},
    {"encode-image", "Images per second through the image tower", define_encode_image},
    {"encode-text", "Texts per second through the text tower", define_encode_text},
    {"train-step", "Pairs per second in training: forward, backward, optimizer", define_train_step},
    {"loss", "The contrastive loss alone, forward and backward, with its memory", define_loss},
    {"kernels", "Each kernel alone, beside the machine's copies and matrix products",
     define_kernels},
    {"cold-start", "clip-zeroshot from process start to answer, one image, ten classes",
     define_cold_start},
};

std::function<int()> define(CLI::App& app) {
  app.require_subcommand(1);
  app.fallthrough();
  std::vector<std::pair<CLI::App*, std::function<int()>>> actions;
  for (const Verb& verb : kVerbs) {
    CLI::App* const command = app.add_subcommand(verb.name, verb.what);
    command->footer(fmt::format("Example: clip-bench {}", verb.name));
    actions.emplace_back(command, verb.define(*command));
  }
  return [actions] {
    for (const auto& [command, action] : actions) {
      if (command->parsed()) return action();
    }
    return 0;
  };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-bench",
       .summary = "Measures this machine with Tandem: one JSON object on standard output, with "
                  "median, spread, counted work and its share of the machine's measured rate.",
       .footer = "Weights and images are random unless a file is named: no download is needed.\n"
                 "Example: clip-bench encode-image --image-preset vit_b_32 --batch-size 32",
       .log_level = "warn"},
      tandem::apps::define);
}
