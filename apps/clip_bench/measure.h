#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace tandem::apps {

/// What every verb of clip-bench has: how often it measures, and on what.
struct MeasureOptions {
  int64_t warmup = 1;
  int64_t repeats = 5;
  int64_t threads = 0;  ///< Of one tensor operation; 0 takes one per core.
  std::string device = "cpu";
  [[nodiscard]] bool on_gpu() const { return device.starts_with("cuda"); }
};
void add_measure_options(CLI::App& verb, MeasureOptions& options);
/// --device, for verbs that can run on a GPU.
void add_device_option(CLI::App& verb, MeasureOptions& options);

/// Seconds of every repeat, in the order measured.
using Seconds = std::vector<double>;

/// Sets the number of threads, runs `work` `warmup` times, then `repeats` times under the clock.
[[nodiscard]] Seconds measure(const MeasureOptions& options, const std::function<void()>& work);
/// The middle of `seconds` (the mean of the two middle ones), and its relative spread: the distance
/// between the quartiles over the median.
[[nodiscard]] double median(Seconds seconds);
[[nodiscard]] double spread(Seconds seconds);

/// What a repeat costs, counted from the shapes.
struct Work {
  double items = 0;            ///< Images, texts, pairs …
  const char* item = "items";  ///< … by name.
  double flops = 0;            ///< Of matrix products, two per multiply-add; 0 if there are none.
  double bytes = 0;            ///< Read and written at least: weights, inputs, results.
};

/// Returns the result as JSON: seconds with median and spread, rates, and the share of the
/// machine's rate of matrix products, which is measured here, right after the work.
[[nodiscard]] nlohmann::ordered_json report(const MeasureOptions& options, const Seconds& seconds,
                                            const Work& work);
/// FLOP/s of a large matrix product: fp32 with the present number of threads on the CPU, bf16 on a
/// GPU.
[[nodiscard]] double matrix_rate(const MeasureOptions& options);
/// Name of the processor, threads in use, load of the machine.
[[nodiscard]] nlohmann::ordered_json machine();

/// Writes one result to standard output.
void print(const nlohmann::ordered_json& result);

}  // namespace tandem::apps
