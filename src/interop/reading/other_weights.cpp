// Names what a directory holds where there are no weights that can be read.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/reading/weights_file.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr size_t kListed = 8;

struct OtherWeights {
  std::string_view beginning;
  std::string_view ending;
  std::string_view what;
  std::string_view hint;
};
constexpr std::string_view kFromTransformers4 =
    "transformers 4 reads them: from_pretrained(…, from_flax=True or from_tf=True), then "
    "save_pretrained";
constexpr OtherWeights kOthers[] = {
    {"adapter_model", "", "an adapter without its base model",
     "merge it with peft (merge_and_unload) and save the whole model"},
    {"flax_model", ".msgpack", "Flax weights", kFromTransformers4},
    {"tf_model", ".h5", "TensorFlow weights", kFromTransformers4},
    {"", ".onnx", "an ONNX graph", "take the weights it was exported from"},
    {"", ".gguf", "llama.cpp weights", "take the weights it was made from"},
    {"optimizer", "", "an optimizer's state", ""},
    {"scheduler", "", "a scheduler's state", ""},
    {"rng_state", "", "a random generator's state", ""},
    {"training_args", "", "a run's arguments", ""},
    {"", ".safetensors", "weights under another name", "--input with this file"},
    {"", ".pt", "weights under another name", "--input with this file, and --allow-pickle"},
    {"", ".pth", "weights under another name", "--input with this file, and --allow-pickle"},
    {"", ".ckpt", "weights under another name", "--input with this file, and --allow-pickle"},
    {"", ".bin", "weights under another name", "--input with this file, and --allow-pickle"},
};

const OtherWeights* recognize(const std::string& name) {
  const auto found = std::ranges::find_if(kOthers, [&](const OtherWeights& each) {
    return name.starts_with(each.beginning) && name.ends_with(each.ending);
  });
  return found == std::end(kOthers) ? nullptr : found;
}

}  // namespace

std::string describe_other_weights(const fs::path& directory, std::string& hint) {
  std::vector<std::string> found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(error)) {
      if (fs::exists(entry.path() / "config.json", error))
        found.push_back(name + "/ (a model's folder)");
    } else if (const OtherWeights* each = recognize(name)) {
      found.push_back(fmt::format("{} ({})", name, each->what));
    }
  }
  std::ranges::sort(found);
  for (const std::string& each : found) {
    const OtherWeights* known = recognize(each.substr(0, each.find(" (")));
    if (hint.empty()) hint = known ? known->hint : "--input with the model's folder";
  }
  if (found.size() > kListed) {
    found.resize(kListed);
    found.emplace_back("…");
  }
  return fmt::format("{}", fmt::join(found, ", "));
}

}  // namespace tandem
