#include "interop/reading/weights_file.h"

#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "io/files/file_reader.h"
#include "io/files/foreign_content.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexEnding = ".index.json";
// Names of weights in a directory, in the order in which they are looked for.
constexpr std::array<const char*, 6> kHuggingFaceNames = {
    "model.safetensors", "open_clip_model.safetensors",
    "pytorch_model.bin", "open_clip_pytorch_model.bin",
    "model.pt",          "model.bin"};
constexpr std::array<const char*, 6> kOpenClipNames = {
    "open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin",
    "pytorch_model.bin",           "model.pt",          "model.bin"};

// A file that is not there in truth: a pointer to it, or the page that shows it.
void refuse_placeholder(const fs::path& file) {
  const FileReader reader(file);
  const auto foreign =
      recognize_foreign_content(reader.read(0, std::min<uint64_t>(reader.size(), 512)));
  if (!foreign || (foreign->name != kLfsPointer && foreign->name != kHtmlPage)) return;
  throw Error(ErrorKind::kCheckpoint, {.what = "is not a file of weights",
                                       .where = file.string(),
                                       .found = std::string(foreign->name),
                                       .hint = std::string(foreign->hint)});
}

bool is_safetensors(const fs::path& file) {
  return file.filename().string().find(".safetensors") != std::string::npos;
}

FoundWeights read_file_of_weights(const fs::path& file, bool allow_pickle) {
  const bool index = file.string().ends_with(kIndexEnding);
  refuse_placeholder(file);
  if (is_safetensors(file)) {
    return {.file = file,
            .content = {.tensors = index ? load_sharded_safetensors(file)
                                         : load_safetensors(file).tensors}};
  }
  if (!allow_pickle) {
    throw Error(
        ErrorKind::kCheckpoint,
        {.what = "these weights are a Python pickle, which is a program as well as data",
         .where = file.string(),
         .expected = "a safetensors file",
         .hint = "--allow-pickle: the reader here runs none of it, and takes tensors only"});
  }
  if (index) return {.file = file, .content = {.tensors = load_sharded_torch_pickle(file)}};
  return {.file = file, .content = load_torch_pickle(file)};
}

}  // namespace

FoundWeights read_weights_of(const fs::path& input, ModelFormat format, bool allow_pickle) {
  if (fs::is_regular_file(input)) return read_file_of_weights(input, allow_pickle);
  if (!fs::is_directory(input)) {
    throw Error(ErrorKind::kMissingInput,
                {.what = "there is no model directory or file here", .where = input.string()});
  }
  const auto& names = format == ModelFormat::kOpenClip ? kOpenClipNames : kHuggingFaceNames;
  for (const char* name : names) {
    const fs::path file = input / name;
    const fs::path index = file.string() + std::string(kIndexEnding);
    if (fs::exists(file)) return read_file_of_weights(file, allow_pickle);
    if (fs::exists(index)) return read_file_of_weights(index, allow_pickle);
  }
  std::string hint;
  const std::string found = describe_other_weights(input, hint);
  throw Error(
      ErrorKind::kMissingInput,
      {.what = "there are no weights here that can be read",
       .where = input.string(),
       .expected = fmt::format("{} or {}, whole or in shards with an index", names[0], names[2]),
       .found = found,
       .hint = hint});
}

}  // namespace tandem
