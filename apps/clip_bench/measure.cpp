#include "clip_bench/measure.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "common/checks.h"
#include "common/text_io.h"
#include "tandem/core/device.h"

namespace tandem::apps {
namespace {

using Clock = std::chrono::steady_clock;

double timed(const MeasureOptions& options, const std::function<void()>& work) {
  const auto wait = [device = torch::Device(options.device)] {
    if (device.is_cuda()) torch::cuda::synchronize(device.has_index() ? device.index() : 0);
  };
  wait();
  const auto start = Clock::now();
  work();
  wait();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The value below which `share` of the sorted values lie, between neighbours by interpolation.
double quantile(const Seconds& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::string processor_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

double load_average() {
  double load = 0.0;
  std::ifstream("/proc/loadavg") >> load;
  return load;
}

}  // namespace

void add_measure_options(CLI::App& verb, MeasureOptions& options) {
  verb.add_option("--warmup", options.warmup, "Repeats before the clock runs")
      ->check(at_least(0))
      ->capture_default_str();
  verb.add_option("--repeats", options.repeats, "Repeats under the clock")
      ->check(at_least(1))
      ->capture_default_str();
  verb.add_option("--threads", options.threads, "Threads; 0 takes one per core")
      ->check(at_least(0))
      ->capture_default_str();
}

void add_device_option(CLI::App& verb, MeasureOptions& options) {
  const auto resolved = [](const std::string& name) {
    return name == "auto" ? resolve_device(name).str() : name;
  };
  verb.add_option("--device", options.device, "cpu, cuda, cuda:N or auto")
      ->transform(resolved, "", "")
      ->capture_default_str();
}

Seconds measure(const MeasureOptions& options, const std::function<void()>& work) {
  set_cpu_threads(static_cast<int>(options.threads));
  for (int64_t i = 0; i < options.warmup; ++i) work();
  Seconds seconds;
  for (int64_t i = 0; i < options.repeats; ++i) seconds.push_back(timed(options, work));
  return seconds;
}

double median(Seconds seconds) {
  std::sort(seconds.begin(), seconds.end());
  return quantile(seconds, 0.5);
}

double spread(Seconds seconds) {
  std::sort(seconds.begin(), seconds.end());
  return (quantile(seconds, 0.75) - quantile(seconds, 0.25)) / quantile(seconds, 0.5);
}

nlohmann::ordered_json report(const MeasureOptions& options, const Seconds& seconds,
                              const Work& work) {
  const double middle = median(seconds);
  nlohmann::ordered_json result = {{"seconds",
                                    {{"median", middle},
                                     {"min", *std::min_element(seconds.begin(), seconds.end())},
                                     {"max", *std::max_element(seconds.begin(), seconds.end())},
                                     {"spread", spread(seconds)},
                                     {"warmup", options.warmup},
                                     {"repeats", options.repeats}}},
                                   {fmt::format("{}_per_second", work.item), work.items / middle}};
  if (work.bytes > 0) result["bytes_at_least"] = work.bytes;
  if (work.flops > 0) {
    const double machine_rate = matrix_rate(options);
    result["flops"] = work.flops;
    result["flops_per_second"] = work.flops / middle;
    result["machine_flops_per_second"] = machine_rate;
    result["share_of_machine"] = work.flops / middle / machine_rate;
  }
  result["device"] = options.device;
  result["machine"] = machine();
  return result;
}

double matrix_rate(const MeasureOptions& options) {
  const int64_t size = options.on_gpu() ? 8192 : 1536;
  const c10::InferenceMode inference;
  const auto tensor = torch::device(torch::Device(options.device))
                          .dtype(options.on_gpu() ? torch::kBFloat16 : torch::kFloat32);
  const torch::Tensor a = torch::rand({size, size}, tensor), b = torch::rand({size, size}, tensor);
  torch::Tensor c = torch::empty({size, size}, tensor);
  Seconds seconds;
  for (int i = 0; i < 7; ++i) seconds.push_back(timed(options, [&] { at::mm_out(c, a, b); }));
  const auto edge = static_cast<double>(size);
  return 2.0 * edge * edge * edge / *std::min_element(seconds.begin(), seconds.end());
}

nlohmann::ordered_json machine() {
  return {{"processor", processor_name()},
          {"cores", std::thread::hardware_concurrency()},
          {"threads", torch::get_num_threads()},
          {"load", load_average()}};
}

void print(const nlohmann::ordered_json& result) { write_output(result.dump(2) + "\n"); }

}  // namespace tandem::apps
