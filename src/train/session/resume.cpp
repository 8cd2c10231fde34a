#include "train/session/resume.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tandem/config/load.h"
#include "tandem/core/error.h"
#include "tandem/core/log.h"
#include "tandem/optim/schedule.h"
#include "train/run/checkpoint_folder.h"
#include "train/run/run_directory.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

ResumePoint read_point(const fs::path& path) {
  return {.path = path, .checkpoint = load_checkpoint(path)};
}

RunConfig config_of(const ResumePoint& point) {
  RunConfig config = parse_run_config(point.checkpoint.config_json, {}, point.path / "config.json");
  std::string& background = config.data.transform.background;
  if (background.empty()) background = "drop";
  return config;
}

void require_no_checkpoint(const fs::path& run, FindNewest find_newest) {
  const auto newest = find_newest(RunDirectory::checkpoints_of(run));
  if (!newest) return;
  throw Error(ErrorKind::kCannotCreate,
              {.what = "a new run would write over the checkpoints of an earlier one",
               .where = run.string(),
               .found = newest->filename().string(),
               .hint = "another run.name, or resume that run (resume auto)"});
}

// A run that went back before its own newest checkpoint would find that one again next time.
void require_nothing_newer(const fs::path& run, const ResumePoint& point, FindNewest find_newest) {
  const auto newest = find_newest(RunDirectory::checkpoints_of(run));
  if (!newest || read_point(*newest).checkpoint.step <= point.checkpoint.step) return;
  throw Error(ErrorKind::kCannotCreate,
              {.what = "the run directory has a later checkpoint than the one to resume from",
               .where = run.string(),
               .expected = fmt::format("none beyond step {}", point.checkpoint.step),
               .found = newest->filename().string(),
               .hint = "another run.name"});
}

void append_fingerprint(std::vector<std::string>& fixed, const char* name,
                        const std::string& before, const std::string& after) {
  if (before != after) fixed.push_back(fmt::format("{}: {} -> {}", name, before, after));
}

// What other settings make of the learning rate, as another line; empty where it stays as before.
std::string rate_change(const RunConfig& before, const RunConfig& now, int64_t step) {
  const int64_t total = *now.train.max_steps;
  if (step == 0 || step >= total) return {};
  const LearningRate old_rate(before.optim, *before.train.max_steps);
  const LearningRate new_rate(now.optim, total);
  if (old_rate.at(step - 1) == new_rate.at(step - 1) && old_rate.at(step) == new_rate.at(step))
    return {};
  return fmt::format(
      "\n  learning rate: step {} had {:.3g}; step {} gets {:.3g}, as in a run of {} steps from "
      "the "
      "start, and the last step {:.3g}",
      step, old_rate.at(step - 1), step + 1, new_rate.at(step), total, new_rate.at(total - 1));
}

}  // namespace

std::optional<ResumePoint> choose_resume_point(const fs::path& run, const TrainerOptions& options,
                                               FindNewest find_newest) {
  if (options.resume == Resume::kFrom) {
    ResumePoint point = read_point(options.resume_from);
    require_nothing_newer(run, point, find_newest);
    return point;
  }
  if (options.resume == Resume::kNever) {
    require_no_checkpoint(run, find_newest);
    return std::nullopt;
  }
  const auto newest = find_newest(RunDirectory::checkpoints_of(run));
  return newest ? std::optional(read_point(*newest)) : std::nullopt;
}

fs::path saved_tokenizer(const std::optional<ResumePoint>& point) {
  if (!point) return {};
  // <run directory>/checkpoints/step-…
  return RunDirectory::tokenizer_of(plain_path(point->path).parent_path().parent_path());
}

void settle_background(RunConfig& config, const std::optional<ResumePoint>& point) {
  std::string& background = config.data.transform.background;
  if (!background.empty()) return;
  background = point ? config_of(*point).data.transform.background : "white";
}

void require_same_run(const ResumePoint& point, const TrainingInputs& inputs) {
  const Checkpoint& checkpoint = point.checkpoint;
  const RunConfig before = config_of(point);
  std::vector<std::string> fixed;
  std::vector<std::string> allowed;
  for (const ConfigDifference& each : config_differences(before, inputs.config)) {
    if (each.on_resume == OnResume::kIgnored) continue;
    (each.on_resume == OnResume::kFixed ? fixed : allowed).push_back(to_string(each));
  }
  append_fingerprint(fixed, "data (fingerprint)", checkpoint.data_fingerprint,
                     inputs.source->fingerprint());
  append_fingerprint(fixed, "tokenizer (fingerprint)", checkpoint.tokenizer_fingerprint,
                     inputs.tokenizer->fingerprint());
  if (!fixed.empty()) {
    throw Error(ErrorKind::kConfig,
                {.what = "this run was started with other settings, which cannot change on the way",
                 .where = point.path.string(),
                 .found = fmt::format("\n  {}", fmt::join(fixed, "\n  ")),
                 .hint = "the settings of before, or another run.name for a new run"});
  }
  if (allowed.empty()) return;
  log_warn(fmt::format("resuming with changed settings:\n  {}{}", fmt::join(allowed, "\n  "),
                       rate_change(before, inputs.config, checkpoint.step)));
}

}  // namespace tandem
