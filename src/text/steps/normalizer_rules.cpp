#include <cstring>

#include <fmt/format.h>
#include <utf8proc.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "text/steps/normalizer.h"
#include "text/unicode/unicode.h"
#include "text/unicode/unicode_versions.h"

namespace tandem {
namespace {

// A longer cluster is looked up character by character.
constexpr size_t kLongestCluster = 6;

/// The parts of a unit of a Darts double array.
constexpr bool has_leaf(uint32_t unit) { return (unit >> 8 & 1) != 0; }
constexpr uint32_t value_of(uint32_t unit) { return unit & 0x7FFFFFFF; }
constexpr uint32_t label_of(uint32_t unit) { return unit & 0x800000FF; }
constexpr uint32_t offset_of(uint32_t unit) { return unit >> 10 << ((unit & 0x200) >> 6); }

[[noreturn]] void reject_map(const std::string& where, std::string found) {
  throw Error(
      ErrorKind::kCheckpoint,
      {.what = "the compiled character map is damaged", .where = where, .found = std::move(found)});
}

/// The CJK blocks that BERT sets apart; the gap after U+2B81F is the reference's.
bool is_cjk(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

void clean_and_space(NormalizedText& text, const BertRules& rules) {
  std::string clean;
  clean.reserve(text.text.size() + 16);
  const size_t start = text.start_bytes;
  for_each_character(text.text, [&](char32_t c, size_t begin, size_t bytes) {
    if (rules.clean_text) {
      const uint16_t flags = char_flags(c);
      const bool kept_control = c == '\t' || c == '\n' || c == '\r';
      if (c == 0 || c == 0xFFFD || ((flags & kOther) != 0 && !kept_control)) {
        if (begin < start) text.start_bytes -= bytes;
        return;
      }
      if ((flags & kSpace) != 0) {
        clean += ' ';
        if (begin < start) text.start_bytes -= bytes - 1;
        return;
      }
    }
    const bool apart = rules.handle_chinese_chars && is_cjk(c);
    if (apart) clean += ' ';
    clean.append(text.text, begin, bytes);
    if (apart) clean += ' ';
    if (apart && begin < start) text.start_bytes += 2;
  });
  text.text.swap(clean);
}

}  // namespace

CharsMap::CharsMap(std::string_view bytes, const std::string& where) {
  uint32_t size = 0;
  if (bytes.size() < sizeof(size)) reject_map(where, fmt::format("{} bytes", bytes.size()));
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  if (size == 0 || size % 4 != 0 || size > bytes.size())
    reject_map(where, fmt::format("a table of {} bytes in {}", size, bytes.size()));
  units_.resize(size / 4);
  std::memcpy(units_.data(), bytes.data(), size);
  replacements_ = bytes.substr(size);
  if (!is_utf8(replacements_)) reject_map(where, "replacements that are not UTF-8");
}

const char* CharsMap::rule_for(std::string_view part) const {
  // A damaged table may point anywhere: every step looks before it goes.
  size_t at = offset_of(units_[0]);
  for (const char c : part) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte == 0) return nullptr;
    at ^= byte;
    if (at >= units_.size() || label_of(units_[at]) != byte) return nullptr;
    const uint32_t unit = units_[at];
    at ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    if (at >= units_.size()) return nullptr;
    const size_t place = value_of(units_[at]);
    const bool inside = place < replacements_.size() && (replacements_[place] & 0xC0) != 0x80;
    return inside ? replacements_.c_str() + place : nullptr;
  }
  return nullptr;
}

void CharsMap::apply(std::string& text) const {
  std::string mapped;
  mapped.reserve(text.size());
  const auto map = [&](std::string_view part) {
    const char* rule = rule_for(part);
    if (rule != nullptr) mapped += rule;
    return rule != nullptr;
  };
  const auto map_cluster = [&](std::string_view cluster) {
    if (cluster.size() < kLongestCluster && map(cluster)) return;
    for_each_character(cluster, [&](char32_t, size_t begin, size_t bytes) {
      const std::string_view part = cluster.substr(begin, bytes);
      if (!map(part)) mapped += part;
    });
  };
  size_t cluster = 0;
  utf8proc_int32_t previous = -1;
  utf8proc_int32_t state = 0;
  for_each_character(text, [&](char32_t c, size_t begin, size_t) {
    const auto current = static_cast<utf8proc_int32_t>(known_in_clusters(c));
    if (previous >= 0 && utf8proc_grapheme_break_stateful(previous, current, &state)) {
      map_cluster(std::string_view(text).substr(cluster, begin - cluster));
      cluster = begin;
    }
    previous = current;
  });
  if (cluster < text.size()) map_cluster(std::string_view(text).substr(cluster));
  text.swap(mapped);
}

void apply_bert_rules(NormalizedText& text, const BertRules& rules) {
  if (rules.clean_text || rules.handle_chinese_chars) clean_and_space(text, rules);
  if (rules.strip_accents && !is_ascii(text.text)) {
    rewrite_text(text, [](std::string& part) { normalize_unicode(part, NormalForm::kNfd); });
    std::string bare;
    const size_t start = text.start_bytes;
    for_each_character(text.text, [&](char32_t c, size_t begin, size_t bytes) {
      if (!has_flag(c, kNonspacing)) {
        bare.append(text.text, begin, bytes);
      } else if (begin < start) {
        text.start_bytes -= bytes;
      }
    });
    text.text.swap(bare);
  }
  if (rules.lowercase) rewrite_text(text, lower_case);
}

}  // namespace tandem
