#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tandem/core/files.h"

namespace tandem {

/// The mean loss of the `steps` steps up to `step`, and that of guessing.
struct LoggedLoss {
  int64_t step = 0;
  int64_t steps = 0;
  double loss = 0;
  double chance = 0;
};

/// `metrics.jsonl`: one JSON object per line with `step`, `samples`, `wall_time` (seconds since
/// 1970) and numbers under stable names such as `train/loss`. A number that is not finite is null.
class MetricsLog {
 public:
  /// Opens `path` to continue after `step`: what an earlier run wrote beyond it, or half wrote, is
  /// cut off. Throws kCannotCreate and kIo.
  MetricsLog(std::filesystem::path path, int64_t step);

  /// Appends one line. Throws kIo.
  void write(int64_t step, int64_t samples, const std::map<std::string, double>& values);
  /// The `train/loss` of the newest line that has one, NaN when there is none.
  [[nodiscard]] double last_loss() const noexcept { return last_loss_; }
  /// Those of all lines that have `train/loss` and `train/chance_loss`, oldest first.
  [[nodiscard]] const std::vector<LoggedLoss>& losses() const noexcept { return losses_; }

 private:
  void cut_back(int64_t step);
  void note_loss(int64_t step, double loss, double chance);

  std::filesystem::path path_;
  std::optional<AppendFile> file_;
  double last_loss_;
  std::vector<LoggedLoss> losses_;
};

/// Seconds since 1970.
[[nodiscard]] double wall_time();

}  // namespace tandem
