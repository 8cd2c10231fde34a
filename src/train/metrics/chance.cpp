#include "train/metrics/chance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/core/log.h"

namespace tandem {
namespace {

constexpr int64_t kFewSteps = 20;
constexpr int64_t kFewPairs = 8;
/// A loss above this share of chance has learnt nothing: losses of small batches vary.
constexpr double kNearChance = 0.98;
constexpr std::string_view kChanceSuffix = "_chance";

std::vector<int64_t> numbers_of(const torch::Tensor& groups, int64_t pairs) {
  std::vector<int64_t> numbers(static_cast<size_t>(pairs));
  const torch::Tensor ids = groups.defined() ? groups.contiguous() : torch::arange(pairs);
  std::copy_n(ids.data_ptr<int64_t>(), numbers.size(), numbers.begin());
  return numbers;
}

// How many pairs of the batch, itself included, share an image or a text with each.
std::vector<double> count_relatives(const PairGroups& groups, int64_t pairs) {
  const std::vector<int64_t> images = numbers_of(groups.image_groups, pairs);
  const std::vector<int64_t> texts = numbers_of(groups.text_groups, pairs);
  std::map<int64_t, int64_t> of_image;
  std::map<int64_t, int64_t> of_text;
  std::map<std::pair<int64_t, int64_t>, int64_t> of_both;
  for (size_t i = 0; i < images.size(); ++i) {
    ++of_image[images[i]];
    ++of_text[texts[i]];
    ++of_both[{images[i], texts[i]}];
  }
  std::vector<double> relatives;
  for (size_t i = 0; i < images.size(); ++i) {
    relatives.push_back(static_cast<double>(of_image[images[i]] + of_text[texts[i]] -
                                            of_both[{images[i], texts[i]}]));
  }
  return relatives;
}

double entropy(double p) {
  const auto part = [](double q) { return q > 0 ? -q * std::log(q) : 0.0; };
  return part(p) + part(1 - p);
}

std::optional<ChanceFinding> judge_loss(const ChanceEvidence& evidence) {
  double loss = 0;
  double chance = 0;
  int64_t steps = 0;
  for (size_t i = evidence.losses.size(); i-- > 0 && steps < kFewSteps;) {
    const LoggedLoss& logged = evidence.losses[i];
    loss += logged.loss * static_cast<double>(logged.steps);
    chance += logged.chance * static_cast<double>(logged.steps);
    steps += logged.steps;
  }
  if (steps < kFewSteps || evidence.losses.back().step <= evidence.warmup_steps) return {};
  if (loss < kNearChance * chance) return {};
  return ChanceFinding{
      .what = fmt::format("the loss of the last {} steps is {:.4f}, guessing gives {:.4f}", steps,
                          loss / static_cast<double>(steps), chance / static_cast<double>(steps)),
      .hint =
          "another optim.lr, more steps, captions that match their images (clip-data "
          "preview shows them)"};
}

void judge_metrics(const Metrics& metrics, std::vector<ChanceFinding>& findings) {
  for (const auto& [name, value] : metrics) {
    const auto chance = metrics.find(name + std::string(kChanceSuffix));
    if (chance == metrics.end() || chance->second >= 1.0 || value > chance->second) continue;
    findings.push_back(
        {.what = fmt::format("{} is {:.4f}, guessing gives {:.4f}", name, value, chance->second),
         .hint = "evaluation data like the training data, class names and eval.templates that read "
                 "like its captions"});
  }
}

}  // namespace

double chance_loss(LossKind loss, const PairGroups& groups, int64_t pairs) {
  const auto count = static_cast<double>(pairs);
  std::vector<double> relatives;
  if (groups.duplicates != Duplicates::kKeep) relatives = count_relatives(groups, pairs);
  const bool masks = groups.duplicates == Duplicates::kMask;
  if (loss == LossKind::kInfoNce) {
    if (!masks) return std::log(count);
    double sum = 0;
    for (const double each : relatives) sum += std::log(count - each + 1);
    return sum / count;
  }
  double others = 0;  // duplicates beside the pairs themselves
  for (const double each : relatives) others += each - 1;
  const double matches = masks ? count : count + others;
  const double entries = masks ? count * count - others : count * count;
  return entries * entropy(matches / entries) / count;
}

void BatchVariety::Groups::add(const torch::Tensor& groups) {
  if (differ || groups.numel() == 0) return;
  if (!first) first = groups[0].item<int64_t>();
  differ = groups.ne(*first).any().item<bool>();
  pairs += groups.numel();
}

bool BatchVariety::Groups::is_one() const { return !differ && pairs >= kFewPairs; }

void BatchVariety::add(const torch::Tensor& image_groups, const torch::Tensor& text_groups) {
  images_.add(image_groups);
  texts_.add(text_groups);
}

std::vector<ChanceFinding> find_chance(const ChanceEvidence& evidence) {
  std::vector<ChanceFinding> findings;
  if (evidence.variety.has_one_caption()) {
    findings.push_back({.what = "every caption is the same",
                        .hint = "data.train.caption_key or caption_template (clip-data stats shows "
                                "the captions)"});
  }
  if (evidence.variety.has_one_image()) {
    findings.push_back({.what = "all images are equal",
                        .hint = "data.train.path (clip-data check shows the images)"});
  }
  if (auto finding = judge_loss(evidence)) findings.push_back(std::move(*finding));
  judge_metrics(evidence.metrics, findings);
  return findings;
}

std::vector<std::string> warn_of_chance(const std::vector<ChanceFinding>& findings) {
  std::vector<std::string> sentences;
  std::set<std::string> hints;
  for (const ChanceFinding& each : findings) {
    sentences.push_back(each.what);
    hints.insert(each.hint);
  }
  if (!findings.empty())
    log_warn(fmt::format("the run ended at chance: {}. Try: {}", fmt::join(sentences, "; "),
                         fmt::join(hints, "; ")));
  return sentences;
}

}  // namespace tandem
