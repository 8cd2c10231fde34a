#include "tandem/interop/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tandem {

std::string report_text(const ConversionReport& report, bool with_table) {
  std::string text = fmt::format("{}: {} tensors\n", report.family, report.tensors.size());
  if (with_table) {
    for (const ConvertedTensor& each : report.tensors) {
      const std::string shapes = each.our_shape == each.their_shape
                                     ? each.our_shape
                                     : each.our_shape + " / " + each.their_shape;
      text += fmt::format("  {} | {} | {} | {}\n", fmt::join(each.ours, " + "),
                          fmt::join(each.theirs, " + "), shapes, each.transform);
    }
  }
  for (const auto& each : report.warnings) text += fmt::format("warning: {}\n", each);
  for (const auto& each : report.notes) text += fmt::format("note: {}\n", each);
  for (const auto& each : report.dropped) text += fmt::format("left out: {}\n", each);
  for (const auto& each : report.missing) text += fmt::format("missing: {}\n", each);
  for (const auto& each : report.unexpected) text += fmt::format("unexpected: {}\n", each);
  for (const auto& each : report.misshapen) text += fmt::format("of another shape: {}\n", each);
  return text;
}

}  // namespace tandem
