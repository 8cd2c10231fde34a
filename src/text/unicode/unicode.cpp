#include "text/unicode/unicode.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include <utf8proc.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "text/unicode/unicode_versions.h"

namespace tandem {
namespace {

constexpr size_t kPageSize = 256;
constexpr size_t kPages = 0x110000 / kPageSize;
using Page = std::array<uint16_t, kPageSize>;

bool is_white_space(char32_t c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_ascii_punctuation(char32_t c) noexcept {
  return (c >= 0x21 && c <= 0x2F) || (c >= 0x3A && c <= 0x40) || (c >= 0x5B && c <= 0x60) ||
         (c >= 0x7B && c <= 0x7E);
}

uint16_t flags_by_category(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return kLetter | kWord;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL: return kNumber | kNumeric | kWord;
    case UTF8PROC_CATEGORY_NO: return kNumber | kNumeric;
    case UTF8PROC_CATEGORY_MN: return kMark | kCombining | kNonspacing | kWord;
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return kMark | kCombining | kWord;
    case UTF8PROC_CATEGORY_PC: return kPunctuation | kWord;
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO: return kPunctuation;
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO: return kOther;
    default: return 0;
  }
}

class FlagTable {
 public:
  FlagTable() {
    std::vector<uint16_t> flags(0x110000);
    for (char32_t c = 0; c < flags.size(); ++c) {
      flags[c] = flags_by_category(c);
      if (is_white_space(c)) flags[c] |= kSpace;
      if (is_ascii_punctuation(c)) flags[c] |= kPunctuation;
    }
    for (const FlagDifference& each : flag_differences()) {
      for (char32_t c = each.first; c <= each.last; ++c) {
        flags[c] = static_cast<uint16_t>((flags[c] & ~each.cleared) | each.set);
      }
    }
    std::map<Page, uint16_t> known;
    for (size_t page = 0; page < kPages; ++page) {
      Page content;
      std::memcpy(content.data(), flags.data() + page * kPageSize, sizeof(content));
      const auto [place, is_new] = known.try_emplace(content, static_cast<uint16_t>(known.size()));
      if (is_new) pages_.push_back(content);
      index_[page] = place->second;
    }
  }
  [[nodiscard]] uint16_t operator[](char32_t c) const {
    return pages_[index_[c / kPageSize]][c % kPageSize];
  }

 private:
  std::array<uint16_t, kPages> index_{};
  std::vector<Page> pages_;
};

/// The characters of `text` that utf8proc knows go through it; those that are newer than the
/// reference's tables stand still, as they do there.
std::string normalize_known(std::string_view text, utf8proc_option_t options) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &out, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
  if (size < 0) throw Error(ErrorKind::kInternal, utf8proc_errmsg(size));
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

utf8proc_option_t options_of(NormalForm form) {
  const int composed =
      form == NormalForm::kNfc || form == NormalForm::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  const int compatible =
      form == NormalForm::kNfkc || form == NormalForm::kNfkd ? UTF8PROC_COMPAT : 0;
  return static_cast<utf8proc_option_t>(UTF8PROC_STABLE | composed | compatible);
}

/// Normalises the parts of `text` between characters that stand still.
template <typename StandsStill>
void normalize_unless(std::string& text, NormalForm form, StandsStill is_still) {
  if (is_ascii(text)) return;
  const utf8proc_option_t options = options_of(form);
  std::string result;
  size_t known = 0;
  for_each_character(text, [&](char32_t c, size_t begin, size_t bytes) {
    if (!is_still(c)) return;
    result += normalize_known(std::string_view(text).substr(known, begin - known), options);
    result.append(text, begin, bytes);
    known = begin + bytes;
  });
  result += normalize_known(std::string_view(text).substr(known), options);
  text.swap(result);
}

}  // namespace

uint16_t char_flags(char32_t c) {
  static const FlagTable table;
  return table[c];
}

bool is_ascii(std::string_view text) noexcept {
  size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & 0x8080808080808080) != 0) return false;
  }
  for (; at < text.size(); ++at)
    if (text[at] < 0) return false;
  return true;
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
    return;
  }
  const auto rest = [&](int shift) { text += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x800) {
    text += static_cast<char>(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | c >> 12);
    rest(6);
  } else {
    text += static_cast<char>(0xF0 | c >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

std::string replace_damage(std::string_view text) {
  std::string sound;
  sound.reserve(text.size());
  while (!text.empty()) {
    const Utf8Step step = read_utf8(text);
    if (step.valid) {
      sound.append(text.substr(0, step.bytes));
    } else {
      append_utf8(sound, 0xFFFD);
    }
    text.remove_prefix(step.bytes);
  }
  return sound;
}

void lower_case(std::string& text) {
  if (is_ascii(text)) {
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return;
  }
  std::string lower;
  lower.reserve(text.size());
  for_each_character(text, [&](char32_t c, size_t, size_t) {
    if (c == 0x130) {
      lower += "i\xCC\x87";  // the only character that becomes two
    } else {
      append_utf8(lower, lower_case_of(c));
    }
  });
  text.swap(lower);
}

void normalize_unicode(std::string& text, NormalForm form) {
  normalize_unless(text, form, stands_still);
}

void compose_unicode(std::string& text) {
  // utf8proc 2.8 takes U+11A7 for a final consonant of Hangul and drops it.
  normalize_unless(text, NormalForm::kNfc, [](char32_t c) { return c == 0x11A7; });
}

}  // namespace tandem
