#include "train/metrics/step_meter.h"

#include <algorithm>

namespace tandem {

void StepMeter::start() {
  sums_ = torch::Tensor();
  steps_ = 0;
  counted_ = 0;
  chance_losses_ = 0;
  excluded_ = 0;
  began_ = std::chrono::steady_clock::now();
}

void StepMeter::add(const TaskLosses& losses, const torch::Tensor& grad_norm, double chance_loss) {
  std::vector<torch::Tensor> values = {losses.total, grad_norm};
  names_.clear();
  for (const auto& [name, value] : losses.terms) {
    names_.push_back(name);
    values.push_back(value);
  }
  const torch::Tensor row = torch::stack(values);
  if (!sums_.defined()) sums_ = torch::zeros_like(row, torch::kFloat64);
  sums_ += row;
  ++steps_;
  ++counted_;
  chance_losses_ += chance_loss;
}

StepMeter::Window StepMeter::read(double waited) {
  const auto width = static_cast<int64_t>(2 + names_.size());
  const torch::Tensor sums = sums_.defined() ? sums_.cpu() : torch::zeros({width}, torch::kFloat64);
  const torch::Tensor means = sums / counted_;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began_;
  const double seconds = std::max(elapsed.count() - excluded_, 1e-9);
  Window window{.steps = steps_,
                .loss = means[0].item<double>(),
                .grad_norm = means[1].item<double>(),
                .chance_loss = chance_losses_ / static_cast<double>(counted_),
                .seconds = seconds,
                .wait_ratio = std::clamp((waited - waited_before_) / seconds, 0.0, 1.0)};
  for (size_t i = 0; i < names_.size(); ++i)
    window.terms[names_[i]] = means[static_cast<int64_t>(2 + i)].item<double>();
  waited_before_ = waited;
  start();
  return window;
}

}  // namespace tandem
