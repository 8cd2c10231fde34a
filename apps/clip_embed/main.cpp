#include <memory>

#include "clip_embed/embed.h"
#include "common/checks.h"
#include "common/images.h"
#include "common/run_app.h"

namespace tandem::apps {
namespace {

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<EmbedArguments>();
  add_model_options(app, arguments->model);
  add_image_options(app, arguments->model.options.images);
  app.add_option(
         "--images", arguments->images,
         "Image files and folders (searched recursively); - reads names from standard input")
      ->type_name("PATH");
  add_outside_root_option(app, arguments->allow_outside_root);
  app.add_option("--texts", arguments->texts, "Texts, one per line; - is standard input")
      ->type_name("FILE");
  app.add_option("--data", arguments->data,
                 "One data source in JSON, as data.train in a configuration: images and, row by "
                 "row, the first caption of each")
      ->type_name("FILE");
  app.add_option("--output", arguments->output, "Folder to create; must not exist or be empty")
      ->type_name("DIR")
      ->check(not_empty())
      ->required();
  app.add_option("--dtype", arguments->dtype, "float16 or float32")
      ->check(CLI::IsMember({"float16", "float32"}))
      ->capture_default_str();
  app.add_option("--metadata-format", arguments->metadata_format, "jsonl or parquet")
      ->check(CLI::IsMember({"jsonl", "parquet"}))
      ->capture_default_str();
  return [arguments] { return run_embed(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-embed",
       .summary = "Writes embeddings in clip-retrieval's layout: img_emb/img_emb_0.npy, "
                  "text_emb/text_emb_0.npy and metadata/metadata_0.jsonl or .parquet, row by "
                  "row.",
       .footer = "Metadata has the columns image_path and caption. Images\n"
                 "are read batch by batch; the embeddings themselves are held in memory until the\n"
                 "end (a million of 512 dimensions in float16: 1 GB). An invalid image is\n"
                 "reported and left out, and makes the exit code 65 (damaged) or 66 (missing).",
       .log_level = "warn"},
      tandem::apps::define);
}
