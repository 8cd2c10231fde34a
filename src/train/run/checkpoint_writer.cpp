#include "train/run/checkpoint_writer.h"

#include <chrono>
#include <system_error>

#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tandem/core/log.h"

namespace tandem {
namespace {

// Memory of `reused` serves again where name, dtype and shape are the same. Copies from a device
// are only begun.
TensorMap copy_to_host(const TensorMap& tensors, TensorMap reused) {
  const torch::NoGradGuard no_grad;
  TensorMap copies;
  for (const auto& [name, tensor] : tensors) {
    torch::Tensor& copy = copies[name];
    const auto old = reused.find(name);
    const bool fits = old != reused.end() && old->second.sizes() == tensor.sizes() &&
                      old->second.scalar_type() == tensor.scalar_type();
    copy = fits ? old->second
                : torch::empty(tensor.sizes(), torch::TensorOptions()
                                                   .dtype(tensor.scalar_type())
                                                   .pinned_memory(tensor.is_cuda()));
    copy.copy_(tensor.detach(), /*non_blocking=*/true);
  }
  return copies;
}

void wait_for_device_of(const TensorMap& tensors) {
  if (tensors.empty() || !tensors.begin()->second.is_cuda()) return;
  torch::cuda::synchronize(tensors.begin()->second.get_device());
}

}  // namespace

CheckpointWriter::~CheckpointWriter() {
  try {
    wait();
  } catch (const std::exception& error) {
    log(LogLevel::kWarn, fmt::format("the last checkpoint was not written: {}", error.what()));
  }
}

void CheckpointWriter::start(const Checkpoint& checkpoint, const Retention& retention) {
  wait();
  TensorMap weights = copy_to_host(checkpoint.weights, std::move(copy_.weights));
  TensorMap optimizer = copy_to_host(checkpoint.optimizer, std::move(copy_.optimizer));
  TensorMap task_state = copy_to_host(checkpoint.task_state, std::move(copy_.task_state));
  wait_for_device_of(checkpoint.weights);
  copy_ = checkpoint;
  copy_.weights = std::move(weights);
  copy_.optimizer = std::move(optimizer);
  copy_.task_state = std::move(task_state);
  retention_ = retention;
  try {
    in_flight_ = std::async(std::launch::async, [this] { write(); });
  } catch (const std::system_error&) {
    write();  // no thread to be had: training waits
  }
}

void CheckpointWriter::check() {
  if (!in_flight_.valid()) return;
  if (in_flight_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) in_flight_.get();
}

void CheckpointWriter::wait() {
  if (in_flight_.valid()) in_flight_.get();
}

void CheckpointWriter::write() {
  const auto began = std::chrono::steady_clock::now();
  const std::filesystem::path path = save_checkpoint(folder_, copy_, retention_);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  log_debug(fmt::format("checkpoint {} written in {:.2f} s", path.string(), took.count()));
}

}  // namespace tandem
