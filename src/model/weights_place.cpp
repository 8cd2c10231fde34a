#include "model/weights_place.h"

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/model/foreign_model.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kLatest = "latest";
constexpr uint64_t kMaxNameBytes = 256;

// The checkpoint beside the file `latest` that it names.
fs::path follow_latest(const fs::path& latest) {
  std::string name = read_file(latest, kMaxNameBytes);
  name.erase(name.find_last_not_of(" \t\r\n") + 1);
  const bool plain = !name.empty() && fs::path(name).filename() == name && name != "..";
  const fs::path weights = latest.parent_path() / name / kWeights;
  if (plain && fs::exists(weights)) return weights;
  throw Error(ErrorKind::kMissingInput, {.what = "names no checkpoint beside it",
                                         .where = latest.string(),
                                         .expected = "the name of a folder step-NNNNNNNN",
                                         .found = in_quotes(name)});
}

}  // namespace

fs::path find_weights_file(const fs::path& path) {
  if (fs::is_regular_file(path) && path.filename() == kLatest) return follow_latest(path);
  refuse_foreign_model(path);
  if (!fs::is_directory(path)) return path;
  for (const fs::path& each : {path / kWeights, path / "model" / kWeights}) {
    if (fs::exists(each)) return each;
  }
  for (const fs::path& each : {path / kLatest, path / "checkpoints" / kLatest}) {
    if (fs::is_regular_file(each)) return follow_latest(each);
  }
  throw Error(
      ErrorKind::kMissingInput,
      {.what = "holds no weights to start from",
       .where = path.string(),
       .expected = "a model directory, a run's folder, a checkpoint or a safetensors file"});
}

}  // namespace tandem
