#include "data/caption_template.h"

#include <fmt/format.h>

#include "tandem/core/error.h"

namespace tandem {

std::string fill_caption(std::string_view pattern, std::string_view name) {
  for (const std::string_view mark : {"{}", "{c}", "{label}"}) {
    const size_t at = pattern.find(mark);
    if (at == std::string_view::npos) continue;
    return fmt::format("{}{}{}", pattern.substr(0, at), name, pattern.substr(at + mark.size()));
  }
  throw Error(ErrorKind::kConfig, {.what = "the template has no place for the class name",
                                   .where = "caption_template",
                                   .expected = "{} in it",
                                   .found = fmt::format("\"{}\"", pattern)});
}

}  // namespace tandem
