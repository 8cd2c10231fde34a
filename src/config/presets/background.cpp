#include <algorithm>
#include <cctype>
#include <charconv>

#include "config/json/names.h"
#include "config/json/strings.h"
#include "config/presets/presets.h"
#include "tandem/config/data_options.h"
#include "tandem/core/error.h"

namespace tandem {
namespace {

constexpr const char* kDrop = "drop";
constexpr const char* kDropAfterResize = "drop_after_resize";
constexpr const char* kWhite = "white";
constexpr const char* kBlack = "black";

}  // namespace

namespace config {

std::vector<std::string> background_names() { return {kDrop, kDropAfterResize, kWhite, kBlack}; }

bool is_hex_color(std::string_view text) {
  return text.size() == 7 && text[0] == '#' &&
         std::all_of(text.begin() + 1, text.end(),
                     [](unsigned char digit) { return std::isxdigit(digit) != 0; });
}

}  // namespace config

bool drops_after_resize(const std::string& background) { return background == kDropAfterResize; }

std::optional<std::array<uint8_t, 3>> background_color(const std::string& background) {
  if (background == kDrop || drops_after_resize(background)) return std::nullopt;
  if (background.empty() || background == kWhite) return std::array<uint8_t, 3>{255, 255, 255};
  if (background == kBlack) return std::array<uint8_t, 3>{0, 0, 0};
  if (!config::is_hex_color(background)) {
    throw Error(ErrorKind::kConfig,
                {.what = "not a background for transparent images",
                 .where = "data.transform.background",
                 .expected = config::join(config::background_names(), ", ") + " or #rrggbb",
                 .found = config::shorten(background)});
  }
  std::array<uint8_t, 3> color{};
  for (size_t i = 0; i < color.size(); ++i) {
    const char* digits = background.data() + 1 + 2 * i;
    std::from_chars(digits, digits + 2, color[i], 16);
  }
  return color;
}

}  // namespace tandem
