#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "clip_doctor/environment.h"
#include "common/imported_model.h"
#include "common/run_app.h"
#include "common/text_io.h"
#include "tandem/core/device.h"
#include "tandem/inference/pipeline.h"
#include "tandem/model/model_directory.h"

namespace tandem::apps {
namespace {

struct DoctorArguments {
  std::string model;
  PipelineOptions options;
  std::string format = "text";
};

// Reads every weight. Returns whether all are finite.
bool examine_weights(const DoctorArguments& arguments, std::vector<Finding>& findings) {
  const std::vector<std::string> bad = weights_not_finite(load_model(arguments.model).model);
  findings.push_back(
      {"weights",
       {{"not finite", bad.empty() ? "none" : fmt::format("{}", fmt::join(bad, ", "))}}});
  return bad.empty();
}

// Loads the model and runs its golden sample. Returns whether it still gives its numbers.
bool examine_model(const DoctorArguments& arguments, std::vector<Finding>& findings) {
  if (!examine_weights(arguments, findings)) return false;
  const Pipeline pipeline = Pipeline::load(arguments.model, arguments.options);
  const GoldenCheck check = pipeline.check_golden();
  findings.push_back({"model",
                      {{"directory", arguments.model},
                       {"precision", arguments.options.precision},
                       {"tokenizer", pipeline.has_tokenizer() ? "readable" : "not readable here"},
                       {"tokenizer gives the golden ids", check.same_ids ? "yes" : "NO"},
                       {"golden image differs by", fmt::format("{:.2e}", check.difference.image)},
                       {"golden text differs by", fmt::format("{:.2e}", check.difference.text)},
                       {"tolerance", fmt::format("{:.0e}", check.tolerance)},
                       {"verdict", check.passes() ? "the same model" : "NOT THE SAME NUMBERS"}}});
  return check.passes();
}

int examine(const DoctorArguments& arguments) {
  (void)resolve_device(arguments.options.device);  // a wrong name is one without a model, too
  std::vector<Finding> findings = examine_machine();
  DoctorArguments local = arguments;
  if (!local.model.empty()) local.model = model_directory(arguments.model).string();
  const bool healthy = local.model.empty() || examine_model(local, findings);
  write_output(arguments.format == "json" ? findings_json(findings) : findings_text(findings));
  if (healthy) return 0;
  write_note(
      "error: the model's weights are damaged, or its embeddings differ from its golden sample\n");
  return exit_code(ErrorKind::kCheckpoint);
}

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<DoctorArguments>();
  app.add_option("--model", arguments->model, "Model directory whose golden sample is run as well")
      ->type_name("DIR");
  app.add_option("--device", arguments->options.device, "auto, cpu, cuda or cuda:N")
      ->capture_default_str();
  app.add_option("--precision", arguments->options.precision, "fp32, bf16 or int8 (CPU)")
      ->check(CLI::IsMember({"fp32", "bf16", "int8"}))
      ->capture_default_str();
  app.add_option("--format", arguments->format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  return [arguments] { return examine(*arguments); };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(argc, argv,
                               {.name = "clip-doctor",
                                .summary = "Reports what this machine supports and checks that a "
                                           "model still gives the same embeddings here.",
                                .footer = "Example: clip-doctor --model runs/quickstart/model",
                                .log_level = "warn"},
                               tandem::apps::define);
}
