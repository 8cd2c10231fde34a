#include "clip_bench/loader.h"

#include <filesystem>
#include <memory>

#include "clip_bench/measure.h"
#include "common/checks.h"
#include "tandem/data/loader.h"
#include "tandem/data/source.h"

namespace tandem::apps {
namespace {

struct LoaderArguments {
  MeasureOptions measure{.warmup = 1, .repeats = 3, .threads = 0};
  std::filesystem::path data;
  int64_t batch = 64;
  int64_t image_size = 224;
};

// A folder of classes, or a table with the columns filepath and title.
SourceOptions source_options(const std::filesystem::path& data) {
  const bool folder = std::filesystem::is_directory(data);
  return {.kind = folder ? SourceKind::kFolder : SourceKind::kTable, .path = data.string()};
}

int run_loader(const LoaderArguments& arguments) {
  const auto source = open_source(source_options(arguments.data), {});
  const Tokenizer tokenizer =
      train_tokenizer(collect_captions(*source, 10000), {.train_vocab_size = 1000});
  int64_t images = 0;
  double wait_seconds = 0;
  // One pass over the source in its order, as an evaluation reads it.
  const Seconds seconds = measure(arguments.measure, [&] {
    Loader loader(*source, tokenizer,
                  {.batch_size = arguments.batch,
                   .image_size = arguments.image_size,
                   .context_length = 77,
                   .training = false,
                   .threads = arguments.measure.threads,
                   .max_bad_ratio = 1.0});
    images = 0;
    for (Batch batch = loader.next(); batch.images.size(0) > 0; batch = loader.next())
      images += batch.images.size(0);
    wait_seconds = loader.stats().wait_seconds;
  });
  nlohmann::ordered_json result = report(
      arguments.measure, seconds,
      {.items = static_cast<double>(images),
       .item = "images",
       .bytes = static_cast<double>(images * 3 * arguments.image_size * arguments.image_size)});
  result["benchmark"] = "loader";
  result["data"] = arguments.data.filename().string();
  result["batch_size"] = arguments.batch;
  result["image_size"] = arguments.image_size;
  result["loader_threads"] = arguments.measure.threads;
  result["wait_seconds"] = wait_seconds;
  print(result);
  return 0;
}

}  // namespace

std::function<int()> define_loader(CLI::App& verb) {
  const auto arguments = std::make_shared<LoaderArguments>();
  add_measure_options(verb, arguments->measure);
  verb.add_option("--data", arguments->data,
                  "Folder of images by class, or a table with the columns filepath and title")
      ->type_name("PATH")
      ->required();
  verb.add_option("--batch-size", arguments->batch, "Images of a batch")
      ->check(at_least(1))
      ->capture_default_str();
  verb.add_option("--image-size", arguments->image_size, "Side of the generated images")
      ->check(at_least(1))
      ->capture_default_str();
  return [arguments] { return run_loader(*arguments); };
}

}  // namespace tandem::apps
