#include "interop/weights_file.h"

#include <array>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/error.h"
#include "tandem/io/torch_pickle.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> kSafe = {"model.safetensors", "open_clip_model.safetensors"};
constexpr std::array<const char*, 4> kPickled = {"pytorch_model.bin", "open_clip_pytorch_model.bin",
                                                 "model.pt", "model.bin"};

TensorMap load_any_safetensors(const fs::path& file) {
  const fs::path index = file.string() + ".index.json";
  return fs::exists(file) ? load_safetensors(file).tensors : load_sharded_safetensors(index);
}

}  // namespace

FoundWeights read_weights_of(const fs::path& directory, ModelFormat format, bool allow_pickle) {
  if (!fs::is_directory(directory)) {
    throw Error(ErrorKind::kMissingInput,
                {.what = "there is no model directory here", .where = directory.string()});
  }
  const bool open_clip = format == ModelFormat::kOpenClip;
  for (const size_t i : open_clip ? std::array<size_t, 2>{1, 0} : std::array<size_t, 2>{0, 1}) {
    const fs::path file = directory / kSafe[i];
    if (fs::exists(file) || fs::exists(file.string() + ".index.json"))
      return {.file = file, .tensors = load_any_safetensors(file)};
  }
  for (const char* name : kPickled) {
    const fs::path file = directory / name;
    if (!fs::exists(file)) continue;
    if (allow_pickle) return {.file = file, .tensors = load_torch_pickle(file)};
    throw Error(
        ErrorKind::kCheckpoint,
        {.what = "the only weights here are a Python pickle, which is a program as well as "
                 "data",
         .where = file.string(),
         .expected = "a safetensors file",
         .hint = "--allow-pickle: the reader here runs none of it, and takes tensors only"});
  }
  throw Error(ErrorKind::kMissingInput,
              {.what = "there are no weights here",
               .where = directory.string(),
               .expected = fmt::format("{} (or {}.index.json), or {}", kSafe[open_clip ? 1 : 0],
                                       kSafe[0], fmt::join(kPickled, ", "))});
}

}  // namespace tandem
