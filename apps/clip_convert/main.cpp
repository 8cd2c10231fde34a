#include <memory>

#include "clip_convert/convert.h"
#include "common/checks.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<ConvertArguments>();
  const auto formats = CLI::IsMember({"tandem", "hf", "open_clip"});
  app.add_option("--from", arguments->from, "Format of the input: tandem, hf or open_clip")
      ->required()
      ->check(formats);
  app.add_option("--to", arguments->to, "Format of the output")
      ->check(formats)
      ->capture_default_str();
  app.add_option("--input", arguments->input,
                 "Model directory to read, or a file of its weights (.safetensors, .bin, .pt) with "
                 "its configuration beside it")
      ->type_name("PATH")
      ->required();
  app.add_option("--output", arguments->output, "Model directory to write")
      ->type_name("DIR")
      ->check(not_empty())
      ->required();
  auto* verify = app.add_option("--verify", arguments->reference,
                                "Read the output again and compare embeddings; with a FILE (in.* "
                                "and out.* tensors) compare the input's outputs with it, too")
                     ->type_name("[FILE]")
                     ->expected(0, 1);
  app.add_flag("--table", arguments->table, "Print every tensor: ours, theirs, shape, transform");
  app.add_flag("--allow-pickle", arguments->allow_pickle,
               "Read PyTorch .bin and .pt files; the reader executes nothing");
  app.add_option("--config", arguments->config, "Configuration that is not beside the weights")
      ->type_name("FILE")
      ->check(not_empty());
  app.add_option("--model-name", arguments->model_name,
                 "open_clip: the model's name there (ViT-B-32, ViT-L-14-quickgelu), for weights "
                 "without a configuration")
      ->type_name("NAME");
  app.add_option("--timm-heads", arguments->timm_heads,
                 "open_clip: attention heads of a timm tower whose name is not known");
  app.add_flag("--force", arguments->force, "Replace a model that the output holds");
  return [arguments, verify] {
    arguments->verify = verify->count() > 0;
    return convert(*arguments);
  };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-convert",
       .summary = "Converts models of Hugging Face and open_clip to Tandem's, and back.",
       .footer = "Every tensor and every field has to be understood: anything missing, unexpected, "
                 "misshapen or unknown ends with an error, and nothing is written.\n"
                 "Example: clip-convert --from hf --input clip-vit-base-patch32 --output model "
                 "--verify",
       .log_level = "warn"},
      tandem::apps::define);
}
