#include "train/step_meter.h"

#include <algorithm>

namespace tandem {

StepMeter::StepMeter(const torch::Device& device)
    : sums_(torch::zeros({2}, torch::dtype(torch::kFloat64).device(device))) {
  start();
}

void StepMeter::start() {
  sums_.zero_();
  steps_ = 0;
  counted_ = 0;
  chance_losses_ = 0;
  excluded_ = 0;
  began_ = std::chrono::steady_clock::now();
}

void StepMeter::add(const torch::Tensor& loss, const torch::Tensor& grad_norm, double chance_loss) {
  sums_ += torch::stack({loss, grad_norm});
  ++steps_;
  ++counted_;
  chance_losses_ += chance_loss;
}

StepMeter::Window StepMeter::read(double waited) {
  const torch::Tensor means = sums_.cpu() / counted_;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began_;
  const double seconds = std::max(elapsed.count() - excluded_, 1e-9);
  const Window window{.steps = steps_,
                      .loss = means[0].item<double>(),
                      .grad_norm = means[1].item<double>(),
                      .chance_loss = chance_losses_ / static_cast<double>(counted_),
                      .seconds = seconds,
                      .wait_ratio = std::clamp((waited - waited_before_) / seconds, 0.0, 1.0)};
  waited_before_ = waited;
  start();
  return window;
}

}  // namespace tandem
