#include "text/cleaning/siglip_text.h"

#include <algorithm>

#include "text/cleaning/text_cleaning.h"
#include "text/unicode/python_case.h"

namespace tandem {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

std::string with_mark(std::string_view text) {
  std::string marked(kSpaceMark);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t mark = std::min(text.find(kSpaceMark, begin), text.size());
    marked.append(text, begin, mark - begin);
    if (mark == text.size()) break;
    marked += ' ';
    begin = mark + kSpaceMark.size();
  }
  return marked;
}

}  // namespace

std::string siglip_text(std::string_view text, bool lower) {
  std::string plain = lower ? python_lower(std::string(text)) : std::string(text);
  std::erase_if(plain, is_ascii_punctuation);
  return join_spaces(plain);
}

void for_each_siglip_part(std::string_view text, const std::array<std::string, 2>& specials,
                          const std::function<void(std::string_view part, int special)>& visit) {
  const std::string marked = with_mark(text);
  std::string_view rest = marked;
  bool after_special = false;
  while (true) {
    const std::array<size_t, 2> places = {rest.find(specials[0]), rest.find(specials[1])};
    const int special = places[0] <= places[1] ? 0 : 1;
    const size_t place = places[static_cast<size_t>(special)];
    std::string_view part = rest.substr(0, place);
    if (after_special) part = without_leading_spaces(part);
    if (place != std::string_view::npos) part = without_trailing_spaces(part);
    if (!part.empty()) visit(part, -1);
    if (place == std::string_view::npos) return;
    visit(specials[static_cast<size_t>(special)], special);
    rest.remove_prefix(place + specials[static_cast<size_t>(special)].size());
    after_special = true;
  }
}

}  // namespace tandem
