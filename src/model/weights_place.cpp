#include "model/weights_place.h"

#include "config/model_files.h"
#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "tandem/model/foreign_model.h"

namespace tandem {
namespace fs = std::filesystem;

fs::path find_weights_file(const fs::path& path) {
  if (!is_latest_file(path)) {
    refuse_foreign_model(path);
    if (!fs::is_directory(path)) return path;
  }
  if (const auto weights = find_weights(path)) return *weights;
  for (const fs::path& each : {path, path / "latest", path / "checkpoints" / "latest"}) {
    if (!is_latest_file(each)) continue;
    throw Error(ErrorKind::kMissingInput, {.what = "names no checkpoint beside it",
                                           .where = each.string(),
                                           .expected = "the name of a folder step-NNNNNNNN",
                                           .found = in_quotes(read_latest(each))});
  }
  throw Error(
      ErrorKind::kMissingInput,
      {.what = "holds no weights to start from",
       .where = path.string(),
       .expected = "a model directory, a run's folder, a checkpoint or a safetensors file"});
}

}  // namespace tandem
