#include "data/captions/caption_template.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/checks/class_marks.h"
#include "tandem/core/error.h"

namespace tandem {

std::string fill_caption(std::string_view pattern, std::string_view name) {
  if (!config::has_class_mark(pattern)) {
    throw Error(ErrorKind::kConfig,
                {.what = "the template has no place for the class name",
                 .where = "caption_template",
                 .expected = fmt::format("{} in it", config::kClassMarksInWords),
                 .found = fmt::format("\"{}\"", pattern)});
  }
  std::string text;
  while (!pattern.empty()) {
    const auto* const mark = std::ranges::find_if(
        config::kClassMarks, [&](auto each) { return pattern.starts_with(each); });
    const bool marked = mark != std::end(config::kClassMarks);
    text += marked ? name : pattern.substr(0, 1);
    pattern.remove_prefix(marked ? mark->size() : 1);
  }
  return text;
}

}  // namespace tandem
