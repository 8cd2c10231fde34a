#include "inference/precision.h"

#include <fmt/format.h>

#include "tandem/core/device.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/inference/precision_speed.h"
#include "tandem/model/golden_sample.h"
#include "tandem/nn/linear.h"

namespace tandem {
namespace {

constexpr const char* kFp32 = "fp32";
constexpr const char* kInt8 = "int8";
constexpr double kInt8Tolerance = 0.1;

}  // namespace

void check_inference_precision(const std::string& precision, const torch::Device& device) {
  if (precision != kInt8) {
    (void)parse_precision(precision);
  } else if (!device.is_cpu()) {
    throw Error(ErrorKind::kUsage, {.what = "int8 is for the CPU",
                                    .found = "device " + device.str(),
                                    .hint = "precision \"bf16\""});
  }
}

double set_inference_precision(ClipModel model, const std::string& precision) {
  if (precision == kInt8) {
    if (quantize_blocks(*model) > 0) return kInt8Tolerance;
    throw Error(ErrorKind::kDevice, {.what = "there are no 8-bit products",
                                     .found = "this LibTorch and CPU",
                                     .hint = "precision \"fp32\""});
  }
  const torch::ScalarType dtype = parse_precision(precision);
  if (dtype != torch::kFloat32) set_precision(model, dtype);
  return golden_tolerance(dtype);
}

void warn_when_slow(const std::string& precision) {
  if (precision == kFp32) return;
  const double speed = speed_beside_fp32(precision);
  if (speed < 1.0)
    log_warn(fmt::format("{} is slower than fp32 on this CPU: {:.1f} times as fast, and less exact",
                         precision, speed));
}

void require_finite(const torch::Tensor& embeddings, const std::string& where) {
  if (torch::isfinite(embeddings).all().item<bool>()) return;
  throw Error(
      ErrorKind::kCheckpoint,
      {.what = "the model gives embeddings that are not finite",
       .where = where,
       .hint = "clip-doctor --model names damaged weights; are there none, the precision is "
               "too low for this model"});
}

}  // namespace tandem
