#include "tandem/interop/export_targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "interop/writers/export_form.h"

namespace tandem {

std::vector<ExportTarget> export_targets(const ModelConfig& config) {
  const ExportForm hf = hugging_face_form(config);
  const ExportForm open_clip = open_clip_form(config);
  const bool native = hf.differences.empty();
  // modeling_tandem.py has no cross attention.
  const bool possible = native || hf.layout != Layout::kBlip;
  return {{.format = "hf",
           .form = native || !possible ? hf.name : "modeling_tandem.py with trust_remote_code",
           .possible = possible,
           .differences = possible ? std::vector<std::string>{} : hf.differences},
          {.format = "open_clip",
           .form = open_clip.name,
           .possible = open_clip.differences.empty(),
           .differences = open_clip.differences}};
}

std::string describe(const std::vector<ExportTarget>& targets) {
  std::string line;
  for (const ExportTarget& target : targets) {
    if (!line.empty()) line += "; ";
    line += target.possible
                ? fmt::format("{} (as {})", target.format, target.form)
                : fmt::format("not {} ({})", target.format, fmt::join(target.differences, "; "));
  }
  return line;
}

}  // namespace tandem
