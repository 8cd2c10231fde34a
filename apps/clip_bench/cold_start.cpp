#include "clip_bench/cold_start.h"

#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "clip_bench/workload.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/image/encode.h"
#include "tandem/image/image.h"
#include "tandem/model/model_directory.h"
#include "tandem/text/tokenizer.h"

extern char** environ;

namespace tandem::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kClasses =
    "cat,dog,horse,bird,fish,flower,house,car,tree,mountain";  // Ten of them.

struct ColdStartArguments {
  MeasureOptions measure;
  ModelChoice model;
  fs::path directory;
  std::string image;
};

// A model with random weights that clip-zeroshot can load.
void write_model(const fs::path& directory, const ModelChoice& choice) {
  fs::create_directories(directory);
  RunConfig config = chosen_config(choice);
  const Tokenizer tokenizer =
      train_tokenizer({"a photo of a cat", "a photo of a dog", "the quick brown fox jumps over it",
                       "flower, house, car, tree and mountain; horse, bird and fish"},
                      {.train_vocab_size = 60});
  TextEncoderOptions& text = config.model.text;
  text.vocab_size = tokenizer.vocab_size();
  text.pad_id = tokenizer.pad_id();
  text.bos_id = tokenizer.bos_id();
  text.eos_id = tokenizer.eos_id();
  tokenizer.save(directory / "tokenizer.model");
  save_model(directory, ClipModel(config.model),
             {.model = config.model, .tokenizer = config.tokenizer, .transform = {}});
}

void write_image(const fs::path& file) {
  Image image(500, 375);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>((i * 2654435761U) >> 24U);
  write_file_atomically(file, encode_png(image));
}

void run_program(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure =
      posix_spawn(&child, words.front().c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure == 0 && waitpid(child, &status, 0) == child && status == 0) return;
  throw Error(ErrorKind::kInternal, {.what = "the program failed", .where = words.front()});
}

// Before a model is made, and named by us rather than by the program that is measured.
void check_inputs(const ColdStartArguments& arguments) {
  if (!arguments.image.empty()) (void)load_image(arguments.image, {});
  const fs::path weights = arguments.directory / "model.safetensors";
  std::error_code error;
  if (arguments.directory.empty() || fs::is_regular_file(weights, error)) return;
  throw Error(ErrorKind::kMissingInput,
              {.what = "the model directory holds no weights", .where = weights.string()});
}

int run_cold_start(ColdStartArguments arguments) {
  check_inputs(arguments);
  const fs::path own = fs::read_symlink("/proc/self/exe");
  const fs::path scratch = fs::temp_directory_path() / fmt::format("clip-bench-{}", getpid());
  const bool made = arguments.directory.empty();
  if (made) {
    arguments.directory = scratch;
    write_model(scratch, arguments.model);
    if (arguments.image.empty()) {
      arguments.image = (scratch / "image.png").string();
      write_image(arguments.image);
    }
  }
  const double bytes =
      static_cast<double>(fs::file_size(arguments.directory / "model.safetensors"));
  const Seconds seconds = measure(arguments.measure, [&] {
    run_program({(own.parent_path() / "clip-zeroshot").string(), "--model",
                 arguments.directory.string(), "--images", arguments.image, "--classes", kClasses,
                 "--device", "cpu"});
  });
  if (made) fs::remove_all(scratch);
  nlohmann::ordered_json result =
      report(arguments.measure, seconds, {.items = 1.0, .item = "starts", .bytes = bytes});
  result["benchmark"] = "cold-start";
  result["weights_bytes"] = bytes;
  result["classes"] = 10;
  print(result);
  return 0;
}

}  // namespace

std::function<int()> define_cold_start(CLI::App& verb) {
  const auto arguments = std::make_shared<ColdStartArguments>();
  add_measure_options(verb, arguments->measure);
  add_model_choice(verb, arguments->model);
  auto* const image = verb.add_option("--image", arguments->image,
                                      "Image to classify; required with --model, else one is made")
                          ->type_name("FILE");
  verb.add_option("--model", arguments->directory,
                  "Model directory; without it one with random weights is made and removed")
      ->type_name("DIR")
      ->needs(image);
  return [arguments] { return run_cold_start(*arguments); };
}

}  // namespace tandem::apps
