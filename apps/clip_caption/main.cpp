#include <memory>

#include "clip_caption/caption.h"
#include "common/checks.h"
#include "common/images.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

void add_generation_options(CLI::App& app, CaptionArguments& arguments) {
  GenerationOptions& generation = arguments.options.generation;
  app.add_option("--beams", arguments.beams,
                 "Texts that a beam search keeps; 1 takes the most probable token each time")
      ->check(at_least(1))
      ->capture_default_str();
  app.add_option("--top-p", arguments.top_p,
                 "Draw each token from the most probable ones that have this probability together, "
                 "as 0.9")
      ->type_name("P");
  app.add_option("--temperature", generation.temperature, "Of --top-p: divides the logits")
      ->capture_default_str();
  app.add_option("--seed", generation.seed, "Of --top-p")->capture_default_str();
  app.add_option("--prompt", arguments.options.prompt,
                 "Text that each caption begins with; only what follows it is written")
      ->type_name("TEXT");
  app.add_option("--min-tokens", generation.min_new_tokens, "Tokens of a caption at least")
      ->check(at_least(0))
      ->capture_default_str();
  app.add_option("--max-tokens", generation.max_new_tokens,
                 "Tokens of a caption at most; 0: as many as the model can read")
      ->check(at_least(0))
      ->capture_default_str();
  app.add_option("--length-penalty", generation.length_penalty,
                 "Of --beams: scores are divided by the number of tokens to this power")
      ->capture_default_str();
  app.add_option("--no-repeat-ngram", generation.no_repeat_ngram,
                 "No sequence of this many tokens comes twice; 0 allows all")
      ->check(at_least(0))
      ->capture_default_str();
  app.add_option("--repetition-penalty", generation.repetition_penalty,
                 "Above 1, tokens that were written become less probable")
      ->capture_default_str();
}

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<CaptionArguments>();
  add_model_options(app, arguments->model);
  add_image_options(app, arguments->model.options.images);
  app.add_option("--images", arguments->images,
                 "Image files and folders (searched recursively); - reads names from standard "
                 "input")
      ->type_name("PATH")
      ->required();
  add_outside_root_option(app, arguments->allow_outside_root);
  app.add_option("--output", arguments->output,
                 "Where the captions are written; without it, standard output")
      ->type_name("FILE")
      ->check(not_empty());
  app.add_option("--format", arguments->format, "text (image, tab, caption), jsonl or csv")
      ->check(CLI::IsMember({"text", "jsonl", "csv"}))
      ->capture_default_str();
  add_generation_options(app, *arguments);
  return [arguments] { return run_caption(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-caption",
       .summary = "Writes a caption for each image with a model that has a text decoder.",
       .footer = "With --output, a program that was stopped resumes: run the same command again.\n"
                 "What is written so far is in FILE.unfinished. An image that cannot be used is\n"
                 "named and left out, and the exit code is 65 (damaged) or 66 (missing).\n"
                 "Example: clip-caption --model runs/captioner/model --images photos --beams 3",
       .log_level = "warn"},
      tandem::apps::define);
}
