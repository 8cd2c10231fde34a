#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "tandem/config/run_config.h"
#include "tandem/loss/duplicates.h"
#include "tandem/train/trainer.h"
#include "train/metrics/metrics_log.h"

namespace tandem {

/// Returns the loss of a model that cannot tell the pairs of a batch apart: ln(`pairs`) for
/// info_nce, and for sigmoid the entropy of the share of matches. Duplicates that are left out or
/// count as matches are taken into account.
[[nodiscard]] double chance_loss(LossKind loss, const PairGroups& groups, int64_t pairs);

/// Whether the batches of a run hold more than one image and more than one caption.
class BatchVariety {
 public:
  /// `image_groups` and `text_groups` are those of a Batch, int64 [B].
  void add(const torch::Tensor& image_groups, const torch::Tensor& text_groups);
  [[nodiscard]] bool has_one_image() const { return images_.is_one(); }
  [[nodiscard]] bool has_one_caption() const { return texts_.is_one(); }

 private:
  struct Groups {
    std::optional<int64_t> first = {};
    int64_t pairs = 0;
    bool differ = false;

    void add(const torch::Tensor& groups);
    [[nodiscard]] bool is_one() const;
  };
  Groups images_, texts_;
};

/// What a finished run shows.
struct ChanceEvidence {
  const BatchVariety& variety;
  const std::vector<LoggedLoss>& losses;  ///< Of the whole run, oldest first.
  int64_t warmup_steps = 0;
  const Metrics& metrics;  ///< Of the last evaluation.
};

struct ChanceFinding {
  std::string what;  ///< As a sentence without a full stop.
  std::string hint;
};

/// Returns what says that a run has learnt nothing, empty for a run that has learnt something. The
/// loss says nothing before 20 steps and before the end of the warm-up.
[[nodiscard]] std::vector<ChanceFinding> find_chance(const ChanceEvidence& evidence);

/// Logs `findings` as one warning with what to try, and returns their sentences.
std::vector<std::string> warn_of_chance(const std::vector<ChanceFinding>& findings);

}  // namespace tandem
