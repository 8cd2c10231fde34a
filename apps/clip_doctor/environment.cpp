#include "clip_doctor/environment.h"

#include <sys/resource.h>

#include <filesystem>
#include <thread>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <fmt/format.h>
#include <torch/version.h>
#include <nlohmann/json.hpp>

#include "tandem/inference/precision_speed.h"
#include "tandem/version.h"

namespace tandem::apps {
namespace {

const char* yes_or_no(bool value) { return value ? "yes" : "no"; }

Finding versions() {
  return {"versions",
          {{"tandem", kVersion},
           {"libtorch", TORCH_VERSION},
           {"compiler", __VERSION__},
           {"oneDNN", yes_or_no(at::hasMKLDNN())},
           {"MKL", yes_or_no(at::hasMKL())}}};
}

Finding devices() {
  const auto count = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0;
  return {"devices",
          {{"cores", std::to_string(std::thread::hardware_concurrency())},
           {"threads of one tensor operation", std::to_string(at::get_num_threads())},
           {"CUDA in this build", yes_or_no(at::hasCUDA())},
           {"CUDA devices", std::to_string(count)}}};
}

Finding cpu() {
  Finding finding{"cpu", {{"LibTorch uses", at::get_cpu_capability()}}};
#if defined(__x86_64__)
  const auto add = [&](const char* name, bool has) {
    finding.lines.emplace_back(name, yes_or_no(has));
  };
  add("avx2", __builtin_cpu_supports("avx2") != 0);
  add("fma", __builtin_cpu_supports("fma") != 0);
  add("avx512f", __builtin_cpu_supports("avx512f") != 0);
  add("avx512bw", __builtin_cpu_supports("avx512bw") != 0);
  add("avx512vnni", __builtin_cpu_supports("avx512vnni") != 0);
  add("avx512bf16", __builtin_cpu_supports("avx512bf16") != 0);
#endif
  return finding;
}

// What a lower precision brings here: measured, because the processor's name does not tell.
Finding products() {
  Finding finding{"products on the CPU", {}};
  for (const char* precision : {"bf16", "int8"}) {
    const double speed = speed_beside_fp32(precision);
    finding.lines.emplace_back(precision, speed > 0.0
                                              ? fmt::format("{:.1f} times as fast as fp32", speed)
                                              : "not available");
  }
  return finding;
}

Finding limits() {
  rlimit files{};
  const bool known = ::getrlimit(RLIMIT_NOFILE, &files) == 0;
  std::error_code error;
  const auto space = std::filesystem::space(std::filesystem::current_path(error), error);
  return {"limits",
          {{"open files", known ? std::to_string(files.rlim_cur) : "unknown"},
           {"free disk here", error ? std::string("unknown")
                                    : fmt::format("{:.1f} GB", double(space.available) / 1e9)}}};
}

}  // namespace

std::vector<Finding> examine_machine() {
  return {
      versions(), devices(), cpu(), products(), {"pictures", {{"formats", "jpeg, png, webp, bmp"}}},
      limits()};
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    text += finding.section + "\n";
    for (const auto& [name, value] : finding.lines)
      text += fmt::format("  {:<32} {}\n", name, value);
  }
  return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json json;
  for (const Finding& finding : findings) {
    for (const auto& [name, value] : finding.lines) json[finding.section][name] = value;
  }
  return json.dump(2) + "\n";
}

}  // namespace tandem::apps
