#include "train/run/checkpoint_folder.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/staging.h"
#include "tandem/core/files.h"
#include "tandem/core/log.h"
#include "train/run/manifest.h"

namespace tandem {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr size_t kDigits = 8;

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char each) { return std::isdigit(each) != 0; });
}

// The step of a checkpoint's folder name, -1 for any other name.
int64_t step_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(kPrefix)) return -1;
  const std::string digits = name.substr(kPrefix.size());
  const bool proper = is_number(digits) && digits.size() >= kDigits && digits.size() <= 18;
  return proper ? std::stoll(digits) : -1;
}

void remove_checkpoint(const fs::path& path) {
  // Out of sight first: half a removal must not look like a damaged checkpoint.
  const fs::path doomed = fmt::format("{}.tmp-{}", path.string(), ::getpid());
  std::error_code error;
  fs::rename(path, doomed, error);
  if (!error) fs::remove_all(doomed, error);
  if (error) {
    log_warn(
        fmt::format("old checkpoint {} could not be removed: {}", path.string(), error.message()));
  }
}

// What `on_damage` is called for is skipped.
template <typename OnDamage>
std::optional<fs::path> newest_whole(const fs::path& folder, OnDamage on_damage) {
  for (const int64_t step : list_checkpoint_steps(folder)) {
    const fs::path path = checkpoint_path(folder, step);
    const auto damage = find_damage(path);
    if (!damage) return path;
    on_damage(path, *damage);
  }
  return std::nullopt;
}

}  // namespace

fs::path plain_path(const fs::path& path) {
  std::error_code ignored;
  const fs::path plain = fs::absolute(path, ignored).lexically_normal();
  return plain.has_filename() ? plain : plain.parent_path();
}

bool has_checkpoint_name(const fs::path& path) { return step_of(plain_path(path)) >= 0; }

fs::path checkpoint_path(const fs::path& folder, int64_t step) {
  return folder / fmt::format("{}{:0{}}", kPrefix, step, kDigits);
}

std::vector<int64_t> list_checkpoint_steps(const fs::path& folder) {
  std::vector<int64_t> steps;
  std::error_code error;
  for (const fs::path& path : entries_of(folder)) {
    const int64_t step = step_of(path);
    if (step >= 0 && fs::is_directory(path, error)) steps.push_back(step);
  }
  // By step: clocks and modification times are not to be trusted.
  std::sort(steps.begin(), steps.end(), std::greater<>());
  return steps;
}

void remove_older(const fs::path& folder, const Checkpoint& saved, const Retention& retention) {
  const std::vector<int64_t> steps = list_checkpoint_steps(folder);
  const auto multiple_of = [](int64_t step, int64_t every) {
    return every > 0 && step % every == 0;
  };
  const auto newest_multiple = std::find_if(steps.begin(), steps.end(), [&](int64_t step) {
    return multiple_of(step, retention.keep_newest_multiple);
  });
  const int64_t last = std::max<int64_t>(retention.keep_last, 1);
  for (auto step = steps.begin(); step != steps.end(); ++step) {
    const bool kept = step - steps.begin() < last || *step == saved.step ||
                      multiple_of(*step, retention.keep_every_steps) ||
                      (saved.best && saved.best->step == *step) || step == newest_multiple;
    if (!kept) remove_checkpoint(checkpoint_path(folder, *step));
  }
}

void set_aside(const fs::path& path, const std::string& damage) {
  std::error_code error;
  fs::path target = path.string() + ".damaged";
  for (int n = 2; fs::exists(target, error); ++n)
    target = fmt::format("{}.{}.damaged", path.string(), n);
  fs::rename(path, target, error);
  log_warn(fmt::format("checkpoint {} is damaged ({}); {}", path.string(), damage,
                       error ? "it is skipped" : "set aside as " + target.string()));
}

std::optional<fs::path> find_latest_checkpoint(const fs::path& folder) {
  clear_leftovers(folder);
  return newest_whole(folder, set_aside);
}

std::optional<fs::path> peek_latest_checkpoint(const fs::path& folder) {
  return newest_whole(folder, [](const fs::path& path, const std::string& damage) {
    log_warn(fmt::format("checkpoint {} is damaged ({}); the run will set it aside", path.string(),
                         damage));
  });
}

}  // namespace tandem
