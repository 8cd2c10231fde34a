#include "common/checks.h"

#include <charconv>
#include <string>

#include <fmt/format.h>

#include "tandem/config/data_options.h"
#include "tandem/core/error.h"

namespace tandem::apps {

CLI::Validator at_least(int64_t least) {
  const auto problem = [least](const std::string& text) -> std::string {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (whole && value >= least) return {};
    return fmt::format("expected a whole number at least {}, found {}", least, text);
  };
  return {problem, fmt::format("{} or more", least)};
}

CLI::Validator not_empty() {
  return {[](const std::string& text) { return text.empty() ? "is empty" : std::string(); }, ""};
}

CLI::Validator is_background() {
  const auto problem = [](const std::string& text) -> std::string {
    try {
      (void)background_color(text);
      return text.empty() ? "is empty" : std::string();
    } catch (const Error&) {
      return fmt::format("expected drop, drop_after_resize, white, black or #rrggbb, found {:.60}",
                         text);
    }
  };
  return {problem, ""};
}

}  // namespace tandem::apps
